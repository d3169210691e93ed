# Runs one command for a parent that may die at any moment. Orders come on standard input, one a line,
# and each is answered by one line. Its end means that the parent is gone, whatever it died of.
# Arguments: directory, "keep" or "remove", log file, cleanup command or "", command...
dir=$1 after=$2 log=$3 cleanup=$4
shift 4

# Whoever interrupts the whole process group, or no longer reads the answers, must not end this
# script before it has cleaned up.
trap '' INT TERM HUP PIPE

pid=
alive() {
    # dash collects the dead only when asked for its jobs; a dead but uncollected process still
    # takes signals.
    jobs >/dev/null 2>&1
    [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null
}
end() {
    if alive; then
        # KILL also ends a process that is stopped.
        kill -KILL "$pid"
        wait "$pid"
    fi 2>/dev/null
    pid=
}

while read -r order; do
    case $order in
    start)
        end
        (trap - INT TERM HUP PIPE && exec "$@") </dev/null >>"$log" 2>&1 &
        pid=$!
        echo "$pid"
        ;;
    alive) if alive; then echo yes; else echo no; fi ;;
    freeze) if alive && kill -STOP "$pid"; then echo done; else echo dead; fi ;;
    resume) if alive && kill -CONT "$pid"; then echo done; else echo dead; fi ;;
    kill) end; echo done ;;
    *) echo unknown ;;
    esac
done

end
[ -z "$cleanup" ] || eval "$cleanup" >/dev/null 2>&1
if [ "$after" = remove ]; then
    rm -rf "$dir"
    # The last node of a cluster takes with it what they shared.
    nodes=$(dirname "$dir")
    case $nodes in
    */nodes) rmdir "$nodes" 2>/dev/null && rm -rf "$(dirname "$nodes")" ;;
    esac
fi
