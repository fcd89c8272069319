# Builds a stand-in for Dokku, or with DOKKU_UNDER_TEST=real uses the installed Dokku, and installs the plugin. The stand-in
# has the version DOKKU_VERSION, or the newest one.
# shellcheck shell=bash

setup_suite() {
  local project
  project="$(dirname "$(dirname "$BATS_TEST_DIRNAME")")"
  [[ "$(id -u)" == 0 ]] || { echo "The end-to-end tests need root" >&2 && return 1; }
  SUITE_DIRECTORY="$(mktemp -d "${TESTS_DIRECTORY:-/var/tmp}/dokku-cache-e2e.XXXXXX")"
  chmod 755 "$SUITE_DIRECTORY"
  export SUITE_DIRECTORY PREFIX="dct$RANDOM" NEWEST_VERSION="0.38.27"
  # Dokku clones a repository.
  export PLUGIN_REPOSITORY="$SUITE_DIRECTORY/dokku-cache"
  "$project/tests/repository" "$PLUGIN_REPOSITORY"
  if [[ "$DOKKU_UNDER_TEST" == "real" ]]; then
    _use_installed_dokku
  else
    _build_stand_in "$project"
  fi
}

_use_installed_dokku() {
  command -v dokku >/dev/null || { echo "No dokku is installed here" >&2 && return 1; }
  DOKKU_ROOT="$(getent passwd dokku | cut -d: -f6)"
  export DOKKU_ROOT DOKKU_HOST_ROOT="$DOKKU_ROOT" DOKKU_LIB_ROOT=/var/lib/dokku DOKKU_LOGS_DIR=/var/log/dokku
  # As Dokku sets them, for tests that call a trigger directly.
  export PLUGIN_PATH="$DOKKU_LIB_ROOT/plugins" PLUGIN_AVAILABLE_PATH="$DOKKU_LIB_ROOT/plugins/available"
  export PLUGIN_CORE_AVAILABLE_PATH="$DOKKU_LIB_ROOT/core-plugins/available"
  # If it is not a release, no test changes its version.
  DOKKU_VERSION="$(cat "$DOKKU_LIB_ROOT/STABLE_VERSION" 2>/dev/null || true)"
  export DOKKU_VERSION DOKKU_SYSTEM_USER=dokku DOKKU_SYSTEM_GROUP=dokku DOCKER_BIN=docker DOKKU_NOT_IMPLEMENTED_EXIT=10
  if [[ ! -e "$DOKKU_LIB_ROOT/plugins/enabled/cache" ]]; then
    dokku plugin:install "file://$PLUGIN_REPOSITORY"
    touch "$SUITE_DIRECTORY/installed-plugin"
  fi
  # Tests begin with the default settings, and set others. The administrator's come back at the end.
  [[ ! -d "$DOKKU_LIB_ROOT/config/cache/--global" ]] || mv "$DOKKU_LIB_ROOT/config/cache/--global" "$SUITE_DIRECTORY/settings"
}

_build_stand_in() {
  if [[ -z "$DOCKER_HOST" ]]; then
    "$1/tests/engine/up" "$SUITE_DIRECTORY/engine"
    export DOCKER_HOST="unix://$SUITE_DIRECTORY/engine/docker.sock"
  fi
  export DOKKU_VERSION="${DOKKU_VERSION:-$NEWEST_VERSION}"
  "$1/tests/dokku/up" "$SUITE_DIRECTORY/server" --version "$DOKKU_VERSION"
  # Its PATH is for Dokku; bats needs its own.
  local path="$PATH"
  source "$SUITE_DIRECTORY/server/settings"
  # Dokku and the plugin run with the umask of the caller.
  echo "umask $(umask)" >>"$SUITE_DIRECTORY/server/settings"
  export PATH="$SUITE_DIRECTORY/server/bin:$path"
  dokku plugin:install "file://$PLUGIN_REPOSITORY"
}

teardown_suite() {
  local project
  project="$(dirname "$(dirname "$BATS_TEST_DIRNAME")")"
  docker image ls --filter reference=dokku-cache-test --format '{{.Repository}}:{{.Tag}}' | xargs -r docker image rm --force >/dev/null 2>&1 || true
  [[ ! -d "$SUITE_DIRECTORY/settings" ]] || mv "$SUITE_DIRECTORY/settings" "$DOKKU_LIB_ROOT/config/cache/--global"
  if [[ -e "$SUITE_DIRECTORY/installed-plugin" ]]; then
    dokku plugin:uninstall cache
  fi
  if [[ -d "$SUITE_DIRECTORY/server" ]]; then
    "$project/tests/dokku/down" "$SUITE_DIRECTORY/server"
    docker image ls --quiet dokku-cache-helper | sort -u | xargs -r docker image rm --force >/dev/null 2>&1 || true
  fi
  "$project/tests/engine/down" "$SUITE_DIRECTORY/engine"
  rm -rf "$SUITE_DIRECTORY"
}
