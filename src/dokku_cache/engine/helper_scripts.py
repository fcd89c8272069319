"""What runs inside the helper container: busybox ash, started in the one mounted directory.

Lines on standard output are the protocol: ``+ <entries>`` for what is gone, ``= <links> <device> <inode> <blocks>
<mtime> <ctime> <uid> <kind>`` for what was measured, ``n <directory> <hex>``
for the names in the directory itself (``.``) and in some that are in it, each name with a NUL behind it,
``alive`` as a sign of life, ``done`` at the very end.
"""

from dokku_cache.tree.scan import AMBIGUOUS_NAMES

#: Where the directory is mounted.
MOUNT_POINT = "/legacy"
#: Of the names in one directory so much is sent.
MOST_NAME_BYTES = 100_000

#: Patterns of what is far from the top: the kernel walks every path anew, and beyond 4,096 bytes none (PATH_MAX); a
#: shell that is started below walks back up to the top (getcwd(3)). For both, these take the least time.
FAR_TO_DELETE, FAR_TO_MEASURE = 600 * "?", 2000 * "?"

# xargs is called by its path, as another program: by its name it would run in a fork of the shell, with the
# shell's handler for SIGCHLD; that breaks its reading off when a worker ends, and a file name with it (busybox 1.35).
# -s: batches of as many bytes; by default they are a third of that, and starting programs takes most of the time.
#
# The mount is the last moment at which something else could stand behind the path; so what is mounted is
# compared with what was checked. Exit code 70 tells the two apart from a failure.
_PRELUDE = f"""
cd {MOUNT_POINT} || exit 71
[ "$(stat -c %d:%i .)" = "$1" ] || exit 70
[ -z "$2" ] || {{ renice -n 19 $$; ionice -c 3 -p $$; }} >/dev/null 2>&1
while sleep 5; do echo alive >&2; done &
xargs="/bin/xargs -0 -r -s 100000"
"""

# Files and directories go in one stream, deepest first, to whichever worker is free: a tree of any shape keeps them
# all busy. Whoever gets a directory while others are at its last files takes those along; where a batch fails, what
# is still there is not counted. What is deeper than 16 directories goes with the one it is in: in a chain of
# thousands, each would else be tried down to where names get too long, from every level of it.
#
# Paths beyond PATH_MAX cannot be named from the top: where the first round leaves something, what is far is moved up
# to the top, what is far in that likewise, and so on until nothing is. A name that is taken is left alone: it
# may be a link. Where no directory can be made, as on a disk that has become read-only, nothing can be moved either.
EMPTY = (
    _PRELUDE
    + r"""
workers=$3
batch='left=0
rm -rf -- "$@" 2>/dev/null || left=$(stat -c %i -- "$@" 2>/dev/null | awk "END { print NR }")
echo "+ $(($# - left))"'
sweep() {
  find . -depth -mindepth 1 -maxdepth 16 -print0 2>/dev/null | $xargs -n 1000 -P "$workers" sh -c "$batch" sh
  rm -rf -- ./* ./.[!.]* ./..?* 2>/dev/null
}
is_empty() { [ -z "$(find . -mindepth 1 -maxdepth 1 -print 2>/dev/null | head -n 1)" ]; }
sweep
round=0
from=.
while ! is_empty && [ "$round" -lt 20000 ]; do
  round=$((round + 1))
  up=./.deep.$round
  if ! mkdir "$up" 2>/dev/null; then
    [ -e "$up" ] || [ -L "$up" ] || break
    continue
  fi
  find "$from" -mindepth 1 -type d -path "@FAR@*" -prune -print0 2>/dev/null |
    $xargs -n 1 sh -c 'mv -- "$1" "$0/$$"' "$up"
  ! rmdir "$up" 2>/dev/null || break
  from=$up
done
[ "$round" -eq 0 ] || sweep
is_empty || { rm -rf -- ./* ./.[!.]* ./..?* 2>&1 | head -n 3 >&2; exit 72; }
echo done
"""
).replace("@FAR@", FAR_TO_DELETE)

# One xargs at a time, or lines of two would mix. What is far is entered, and all starts again there.
MEASURE = (
    (
        _PRELUDE
        + r"""
level='find . -mindepth 1 -print0 -type d -path "@FAR@*" -prune |
$xargs -n 1000 stat -c "= %h %d %i %b %Y %Z %u %F" --
find . -mindepth 1 -type d -path "@FAR@*" -prune -exec sh -c "cd -P -- \"\$1\" && eval \"\$level\"" sh {} \;'
export level xargs
names() {
  printf "n %s " "$1"
  (cd "$1" && find . -mindepth 1 -maxdepth 1 -print0 | head -c @BYTES@ | od -An -v -tx1 | tr -d " \n")
  echo
}
names .
for name in @AMBIGUOUS@; do
  [ ! -d "$name" ] || [ -L "$name" ] || names "$name"
done
stat -c "= %h %d %i %b %Y %Z %u top" .
eval "$level"
echo done
"""
    )
    .replace("@FAR@", FAR_TO_MEASURE)
    .replace("@AMBIGUOUS@", " ".join(sorted(AMBIGUOUS_NAMES)))
    .replace("@BYTES@", str(MOST_NAME_BYTES))
)
