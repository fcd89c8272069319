#!/usr/bin/env bats
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
# Triggers install, update and dependencies

load helper
teardown() { clean_up; }

plugin() { echo "$DOKKU_LIB_ROOT/plugins/enabled/cache"; }

@test "install says nothing and changes nothing when all is there" {
  needs_stand_in "fires the trigger by hand"
  run dokku plugin:update cache
  [ "$status" -eq 0 ]
  [ "$output" = "Plugin (cache) updated" ]
}

@test "after an installation user dokku can write what the plugin keeps" {
  [ "$(stat --format %U "$DOKKU_LIB_ROOT/data/cache")" = dokku ]
  [ "$(stat --format %U "$DOKKU_LIB_ROOT/config/cache")" = dokku ]
  [ "$(stat --format %U "$DOKKU_LIB_ROOT/data/cache/dokku-version")" = dokku ]
  [ "$(stat --format %U "$DOKKU_LOGS_DIR/cache.log")" = dokku ]
  [ -z "$(find -L "$(plugin)" ! -user dokku)" ]
}

@test "the first installation shows what could be freed, deletes nothing, and records the version" {
  needs_stand_in "installs the plugin anew"
  make_ghost oldblog
  rm "$DOKKU_LIB_ROOT/data/cache/dokku-version"
  before="$(manifest "$DOKKU_ROOT/$(app oldblog)")"
  run dokku plugin:update cache
  [[ "$output" == *"$(app oldblog)"* && "$output" == *"cache:purge-legacy --all"* ]]
  [ "$before" = "$(manifest "$DOKKU_ROOT/$(app oldblog)")" ]
  [ "$(cat "$DOKKU_LIB_ROOT/data/cache/dokku-version")" = 0.38.27 ]
}

@test "a failing apt is told in a sentence, with what to do" {
  needs_stand_in "pretends that a package is missing"
  mkdir "$SUITE_DIRECTORY/fake"
  printf '#!/bin/sh\nexit 1\n' >"$SUITE_DIRECTORY/fake/dpkg-query"
  printf '#!/bin/sh\necho "E: no network"\nexit 100\n' >"$SUITE_DIRECTORY/fake/apt-get"
  chmod +x "$SUITE_DIRECTORY"/fake/*
  PATH="$SUITE_DIRECTORY/fake:$PATH" run --separate-stderr "$(plugin)/dependencies"
  rm -r "$SUITE_DIRECTORY/fake"
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"E: no network"* && "$stderr" == *"plugin:install-dependencies"* ]]
}

@test "a strict umask of root's keeps nobody from the plugin, and opens no password" {
  needs_stand_in "closes the plugin to others, as a clone with such a umask is"
  make_ghost oldblog
  rm "$DOKKU_LIB_ROOT/data/cache/dokku-version"
  chown -R root:root "$(plugin)/"
  chmod -R go-rwx "$(plugin)/"
  run bash -c "umask 077 && dokku plugin:update cache"
  [ "$status" -eq 0 ]
  [[ "$output" != *"ermission denied"* && "$output" != *"could not"* ]]
  [[ "$output" == *"$(app oldblog)"* && "$output" == *"cache:purge-legacy --all"* ]]
  [ "$(stat --format %a "$(plugin)/.git/")" = 700 ]
  run dokku cache:purge-legacy "$(app oldblog)"
  [ "$status" -eq 0 ]
  is_gone oldblog
}
