"""Collects the facts about caches from the file system, Dokku, Docker and nginx, and scans them. Changes nothing."""
