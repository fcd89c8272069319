#!/usr/bin/env bats
# What the Dokku that is installed here does with its old caches decides what the plugin does: read from its own version

load helper
teardown() { clean_up; }

# version_is OPERATOR VERSION: of the Dokku that the plugin has to do with.
version_is() { dpkg --compare-versions "$(sed 's/^v//' "$DOKKU_LIB_ROOT/STABLE_VERSION")" "$@"; }

@test "what this Dokku still uses stays, what it makes again goes by hand alone, and the rest by itself" {
  expected=orphaned
  ! version_is lt 0.33.8 || expected=recreated
  ! version_is lt 0.31.0 || expected=active
  make_app shop
  make_cache shop
  before="$(manifest "$DOKKU_ROOT/$(app shop)")"
  [ "$(dokku cache:report "$(app shop)" --cache-legacy-state)" = "$expected" ]
  dokku cache:auto-purge "$(app shop)"
  case "$expected" in
    orphaned) is_gone shop ;;
    recreated)
      [ "$before" = "$(manifest "$DOKKU_ROOT/$(app shop)")" ]
      dokku cache:purge-legacy "$(app shop)"
      is_gone shop
      ;;
    active)
      run dokku --force cache:purge-legacy "$(app shop)"
      [ "$status" -eq 1 ]
      [ "$before" = "$(manifest "$DOKKU_ROOT/$(app shop)")" ]
      ;;
  esac
}
