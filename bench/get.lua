-- Documents and challenges, as a client without a token asks for them.
wrk.method = "GET"
wrk.headers["Accept"] = "application/json"
