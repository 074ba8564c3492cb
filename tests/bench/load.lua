-- For wrk: -s load.lua URL -- [FILE], a file of paths to ask for at random.
-- Ends with one line for the bench to read.

local number = 0

function setup(thread)
	number = number + 1
	thread:set("seed", number)
end

function init(args)
	if not args[1] then
		return
	end
	math.randomseed(seed)
	local requests = {}
	for path in io.lines(args[1]) do
		requests[#requests + 1] = wrk.format("GET", path)
	end
	request = function()
		return requests[math.random(#requests)]
	end
end

function done(summary, latency, requests)
	local e = summary.errors
	print(string.format("BENCH %d %d %d %d", summary.duration,
		summary.requests, summary.bytes,
		e.connect + e.read + e.write + e.status + e.timeout))
end
