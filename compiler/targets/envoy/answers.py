"""What a gateway answers itself: rejections in the words of their author, and the answer of a fallback after an error.

Envoy's own filter for this (`custom_response`) is marked as work in progress and warned about at every start. A small
script does the same: it runs only on routes that ask for it, and is told what to do by the route.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compiler.targets.envoy import extensions as ext

if TYPE_CHECKING:
    from compiler.ir.traffic import HeaderControl, Policies, Rejection

Plain = dict[str, Any]

LIMITED = "x-fleetgate-limited"
"""Header that marks an answer of the rate limiter, until the script takes it off."""
SERVED = "x-envoy-upstream-service-time"
"""Header by which answers of pods are known from those of the gateway; who wants it removed gets that from the script,
when nothing needs it any more."""
BODY_BUFFER_BYTES = 1_048_576
"""Of a request, to try it again: one with a larger body is sent once. Envoy keeps it until an answer begins.

And of an answer in whose place that of a fallback is given: a larger one stays as it is."""
FALLBACK_TIMEOUT_MS = 15_000

SCRIPT = f"""\
local of_the_body = {{["connection"] = true, ["content-length"] = true, ["expect"] = true, ["te"] = true,
  ["transfer-encoding"] = true, ["upgrade"] = true}}

local function append(headers, name, value)
  headers[name] = headers[name] or {{}}
  table.insert(headers[name], value)
end

local function keep(handle)
  local kept = {{}}
  for name, value in pairs(handle:headers()) do
    if not of_the_body[name] then
      append(kept, name, value)
    end
  end
  handle:streamInfo():dynamicMetadata():set("fleetgate", "request", kept)
end

local function reject(handle, said, why)
  local headers = handle:headers()
  headers:remove("{LIMITED}")
  headers:remove("x-envoy-overloaded")
  -- all that is said is read first: waiting for the body ends its scope
  local answer = said:get(why)
  if answer then
    if answer["redirect"] then
      headers:replace("location", answer["redirect"])
    end
    headers:replace(":status", answer["status"])
    headers:replace("content-type", answer["type"])
    handle:body(true):setBytes(answer["body"])
  end
end

local function change(headers, changes)
  for _, each in ipairs(changes) do
    if each["act"] == "add" then
      headers:add(each["name"], each["value"])
    elseif each["act"] == "set" then
      headers:replace(each["name"], each["value"])
    else
      headers:remove(each["name"])
    end
  end
end

local function ask_fallback(handle, said)
  -- all that is said is read first, as above
  local cluster, changes = said:get("cluster"), said:get("changes") or {{}}
  local request = handle:streamInfo():dynamicMetadata():get("fleetgate")["request"]
  local has_body = request[":method"][1] ~= "HEAD"
  local length = tonumber(handle:headers():get("content-length"))
  if has_body and length and length > {BODY_BUFFER_BYTES} then
    return
  end
  request[":path"] = "/"
  -- the answer of the pod has to be whole before the fallback is asked: afterwards its body is out of reach
  handle:body(true)
  local options = {{["timeout_ms"] = {FALLBACK_TIMEOUT_MS}, ["return_duplicate_headers"] = true}}
  local answer, body = handle:httpCall(cluster, request, nil, options)
  if answer["{SERVED}"] == nil then
    -- no pod of the fallback has answered: what the Service said says more
    return
  end
  local headers = handle:headers()
  local names = {{}}
  for name, _ in pairs(headers) do
    names[#names + 1] = name
  end
  for _, name in ipairs(names) do
    if name ~= ":status" and name ~= "server" then
      headers:remove(name)
    end
  end
  for name, value in pairs(answer) do
    if name == ":status" then
      headers:replace(name, value)
    elseif not of_the_body[name] and name ~= "server" then
      for _, each in ipairs(type(value) == "table" and value or {{value}}) do
        headers:add(name, each)
      end
    end
  end
  change(headers, changes)
  if has_body then
    handle:body(true):setBytes(body or "")
  end
end

function envoy_on_request(handle)
  if handle:filterContext():get("errors") then
    keep(handle)
  end
end

function envoy_on_response(handle)
  local said = handle:filterContext()
  local headers = handle:headers()
  local status = headers:get(":status")
  local is_own = headers:get("{SERVED}") == nil
  local hides = said:get("hides")
  if headers:get("{LIMITED}") then
    reject(handle, said, "rate")
  elseif is_own and said:get("concurrency") and (headers:get("x-envoy-overloaded") or status == "429") then
    reject(handle, said, "concurrency")
  elseif is_own and status == "401" and said:get("realm") then
    headers:replace("www-authenticate", said:get("realm"))
  elseif said:get("errors") and not is_own and string.find(said:get("errors"), status, 1, true) then
    ask_fallback(handle, said)
  end
  if hides then
    handle:headers():remove("{SERVED}")
  end
end
"""


def script_filter() -> Plain:
    """The filter, off until a route wants it."""
    config = {"@type": ext.LUA, "default_source_code": {"inline_string": SCRIPT}}
    return {"name": ext.LUA_NAME, "disabled": True, "typed_config": config}


def context(policies: Policies, fallback: str) -> Plain:
    """What a route tells the script; nothing where it asks for nothing.

    `fallback`: cluster for answers to errors; they get the changes to headers that all answers of the route get.
    """
    found: Plain = {}
    if policies.global_limit is not None:
        found["rate"] = _rejection(policies.global_limit.rejection)
    if policies.concurrency is not None:
        found["concurrency"] = _rejection(policies.concurrency.rejection)
    if policies.errors is not None and fallback:
        found |= {"errors": " ".join(map(str, policies.errors.statuses)), "cluster": fallback}
        if policies.headers is not None and (changes := _changes(policies.headers)):
            found["changes"] = changes
    if policies.auth is not None and policies.auth.realm:
        shown = policies.auth.realm.replace("\\", "\\\\").replace('"', '\\"')
        found["realm"] = f'Basic realm="{shown}"'
    return found


def _rejection(said: Rejection) -> Plain:
    """The answer beyond a limit."""
    if not said.redirect:
        return {"status": str(said.status), "type": said.content_type, "body": said.body}
    # without a scheme it would be a path below that of the request (RFC 3986, 4.2)
    location = said.redirect if has_scheme(said.redirect) else f"//{said.redirect}"
    return {"status": "302", "type": "text/plain", "body": "", "redirect": location}


def _changes(headers: HeaderControl) -> list[Plain]:
    found: list[Plain] = [
        *({"act": "add", "name": name, "value": value} for name, value in headers.response_add),
        *({"act": "set", "name": name, "value": value} for name, value in headers.response_set),
        *({"act": "remove", "name": name} for name in headers.response_remove),
    ]
    # that one the script lets be: what pods say there is for nobody
    return [each for each in found if each["name"].lower() != "server"]


def hides_served(headers: HeaderControl | None) -> bool:
    """Whether clients are not to see by which header answers of pods are known."""
    return headers is not None and any(name.lower() == SERVED for name in headers.response_remove)


def has_scheme(url: str) -> bool:
    """Whether an address says how it is asked."""
    return url.lower().startswith(("http://", "https://"))


def per_route(said: Plain) -> Plain:
    """The setting of a route."""
    return {"@type": ext.LUA_PER_ROUTE, "filter_context": said}
