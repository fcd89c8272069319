"""dokku-cache: lists the build caches of Dokku apps, and removes unused directories and volumes."""
