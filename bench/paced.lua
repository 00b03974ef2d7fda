-- The same calls, a pause before each.
dofile((debug.getinfo(1, "S").source:sub(2):match("(.*/)") or "./") .. "post.lua")
function delay() return math.random(5, 15) end
