-- Sends 2,000 requests in turn whose heads all differ: a proxy that remembers a head gains nothing.
-- They are made beforehand, so that the load costs wrk as little as one and the same request.
dofile("counted.lua")

local accepts = { "*/*", "text/html", "application/json", "image/avif,image/webp,*/*;q=0.8", "text/css,*/*;q=0.1" }
local requests = {}
local last = 0

init = function(_)
  for number = 1, 2000 do
    local headers = {}
    for name, value in pairs(wrk.headers) do headers[name] = value end
    headers["Cookie"] = string.format("session=%08x%024x; theme=dark; consent=necessary", number * 2654435, number)
    headers["Referer"] = string.format("http://%s/products/%d?from=search", wrk.headers["Host"], 2001 - number)
    headers["Accept"] = accepts[number % #accepts + 1] .. string.format(";level=%d", number)
    requests[number] = wrk.format("GET", string.format("/products/%d?from=search&page=%d", number, number % 7), headers)
  end
end

request = function()
  last = last % #requests + 1
  return requests[last]
end
