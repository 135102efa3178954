"""What plumbline says over HTTP. All that is asynchronous lives here; nothing here needs torch."""
