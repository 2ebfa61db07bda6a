"""What a gateway answers itself: rejections in the words of their author, and the answer of a fallback after an error.

Envoy's own filter for this (`custom_response`) is marked as work in progress and warned about at every start. A small
script does the same: it runs only on routes that ask for it, and is told what to do by the route.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compiler.targets.envoy import extensions as ext

if TYPE_CHECKING:
    from compiler.ir.traffic import CustomErrors, Rejection

Plain = dict[str, Any]

LIMITED = "x-fleetgate-limited"
"""Header that marks an answer of the rate limiter, until the script takes it off."""
FALLBACK_TIMEOUT_MS = 15_000

SCRIPT = f"""\
local function keep(handle)
  local headers = handle:headers()
  local metadata = handle:streamInfo():dynamicMetadata()
  metadata:set("fleetgate", "method", headers:get(":method"))
  metadata:set("fleetgate", "host", headers:get(":authority"))
end

local function reject(handle, said)
  local headers = handle:headers()
  headers:remove("{LIMITED}")
  headers:remove("x-envoy-overloaded")
  -- all that is said is read first: waiting for the body ends its scope
  local status, kind, body = said:get("status"), said:get("type"), said:get("body")
  if said:get("redirect") then
    headers:replace("location", said:get("redirect"))
  end
  if status then
    headers:replace(":status", status)
    headers:replace("content-type", kind)
    handle:body(true):setBytes(body)
  end
end

local function ask_fallback(handle, cluster)
  local kept = handle:streamInfo():dynamicMetadata():get("fleetgate")
  local request = {{[":method"] = kept["method"], [":path"] = "/", [":authority"] = kept["host"]}}
  -- the answer of the pod has to be whole before the fallback is asked: afterwards its body is out of reach
  handle:body(true)
  local answer, body = handle:httpCall(cluster, request, nil, {FALLBACK_TIMEOUT_MS})
  local headers = handle:headers()
  local names = {{}}
  for name, _ in pairs(headers) do
    names[#names + 1] = name
  end
  for _, name in ipairs(names) do
    if name ~= ":status" then
      headers:remove(name)
    end
  end
  for name, value in pairs(answer) do
    if name == ":status" then
      headers:replace(name, value)
    elseif name ~= "content-length" and name ~= "transfer-encoding" then
      headers:add(name, value)
    end
  end
  if kept["method"] ~= "HEAD" then
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
  local is_own = headers:get("x-envoy-upstream-service-time") == nil
  if headers:get("{LIMITED}") or (is_own and headers:get("x-envoy-overloaded")) then
    reject(handle, said)
  elseif is_own and status == "401" and said:get("realm") then
    headers:replace("www-authenticate", said:get("realm"))
  elseif said:get("errors") and not is_own and string.find(said:get("errors"), status, 1, true) then
    ask_fallback(handle, said:get("cluster"))
  end
end
"""


def script_filter() -> Plain:
    """The filter, off until a route wants it."""
    config = {"@type": ext.LUA, "default_source_code": {"inline_string": SCRIPT}}
    return {"name": ext.LUA_NAME, "disabled": True, "typed_config": config}


def context(rejection: Rejection | None, errors: CustomErrors | None, fallback: str, realm: str) -> Plain:
    """What a route tells the script; nothing where it asks for nothing. `fallback`: cluster for answers to errors."""
    found: Plain = {}
    if rejection is not None:
        if rejection.redirect:
            url = rejection.redirect
            # without a scheme it would be a path below that of the request (RFC 3986, 4.2)
            location = url if has_scheme(url) else f"//{url}"
            found |= {"status": "302", "type": "text/plain", "body": "", "redirect": location}
        else:
            status = str(rejection.status)
            found |= {"status": status, "type": rejection.content_type, "body": rejection.body}
    if errors is not None and fallback:
        found |= {"errors": " ".join(map(str, errors.statuses)), "cluster": fallback}
    if realm:
        shown = realm.replace("\\", "\\\\").replace('"', '\\"')
        found["realm"] = f'Basic realm="{shown}"'
    return found


def has_scheme(url: str) -> bool:
    """Whether an address says how it is asked."""
    return url.lower().startswith(("http://", "https://"))


def per_route(said: Plain) -> Plain:
    """The setting of a route."""
    return {"@type": ext.LUA_PER_ROUTE, "filter_context": said}
