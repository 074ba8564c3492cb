-- For scripts/handbook: links lead to the pages that are made of these files, and
-- names of manual pages are links.  UP leads to the top.
function Link(link)
	if not link.target:match("^%a+:") then
		link.target = link.target
			:gsub("README%.md", "index.html")
			:gsub("%.md", ".html")
	end
	return link
end

function Str(word)
	local name, section = word.text:match("^%p?(wwz[%w-]*)%((%d)%)")
	if name then
		return pandoc.Link(word, ("%s/deploy/man/%s.%s.html"):format(
			os.getenv("UP"), name, section))
	end
end
