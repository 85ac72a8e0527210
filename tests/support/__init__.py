"""What several tests need: a clock one can set, a service in this process, a server in another, a browser."""
