"""dokku-cache: shows and removes the legacy build caches of Dokku apps."""
