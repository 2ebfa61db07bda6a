"""A stub backend: the child process behind `compiler.drill.backends`, which plays every pod of one cluster.

It reads one `Start` as a line of JSON on its standard input, answers `{}` when all of its endpoints listen, and takes
commands, one a line, until the input ends. HTTP/1.1 is parsed by httptools, HTTP/2 by h2; what lies between socket and
parser is ours, because faults happen there.
"""
