throw "only text"
