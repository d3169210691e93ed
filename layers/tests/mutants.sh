#!/usr/bin/env bash
# Switches off one mechanism of the layers after the other, in a copy of the tree, and runs the tests that must notice.
#
#   layers/tests/mutants.sh              all of them, two to ten minutes
#   layers/tests/mutants.sh retry queue  those with one of these words in their name
#   layers/tests/mutants.sh --fit        only looks whether each still fits the source; a second
#
# Ends with an error if a mutant stays green, does not compile, or no longer fits the source.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/target}/mutants"
# Building takes longer than running.
export CARGO_PROFILE_TEST_OPT_LEVEL=0 CARGO_PROFILE_TEST_DEBUG=0 CARGO_TERM_COLOR=never RUST_BACKTRACE=0

# With new times (-m): what was built here before may be that of a mutant.
tar -C "$root" --exclude=./target --exclude=./.git -cf - . | tar -C "$work" -xmf -
cd "$work"

only_fit=
if [ "${1-}" = --fit ]; then
    only_fit=yes
    shift
fi
words=("$@")
wanted() {
    [ ${#words[@]} -eq 0 ] && return 0
    for word in "${words[@]}"; do [[ "$1" == *"$word"* ]] && return 0; done
    return 1
}

# Optimised, where a test does some hundred thousand requests; the same seed for all mutants.
tests() {
    local level=0
    [ "$1" = simulation ] && level=1
    SEED=1 CARGO_PROFILE_TEST_OPT_LEVEL=$level timeout 300 cargo test --quiet -p tower-cassandra-layers --test "$1" "${@:2}" >"$work/log" 2>&1
}

bad=0 count=0
# mutant NAME TEST FILE PERL: runs PERL over FILE, then TEST.
mutant() {
    local name=$1 test=$2 file=layers/src/$3 change=$4 verdict
    wanted "$name" || return 0
    count=$((count + 1))
    cp "$file" "$work/before"
    perl -0pi -e "$change" "$file"
    if cmp -s "$file" "$work/before"; then
        verdict="STALE: the change no longer fits $file"
        bad=$((bad + 1))
    elif [ -n "$only_fit" ]; then
        verdict="fits"
    elif ! tests "$test" --no-run && grep -q 'between threads safely' "$work/log"; then
        echo service_and_future_go_anywhere >>"$work/cases"
        verdict="red: $(grep -m1 -oE '`[^`]+` cannot be [a-z]+ between threads safely' "$work/log")"
    elif ! tests "$test" --no-run; then
        verdict="DOES NOT COMPILE: $(grep -m1 '^error' "$work/log")"
        bad=$((bad + 1))
    elif tests "$test"; then
        verdict="GREEN: nobody noticed"
        bad=$((bad + 1))
    else
        { grep -oE '^[a-z_]+, [a-z ()]+:' "$work/log" || true; } | sed 's/,.*//' >>"$work/cases"
        # The cells of the matrix, or else the tests.
        verdict="red: $( (grep -oE '^[a-z_]+, [a-z ()]+:' "$work/log" || grep -oE '^    [a-z_:]+$' "$work/log" \
            || echo 'killed after 300 s') | sed -E 's/^ +//; s/:$//' | sort -u | awk 'NR <= 6 { printf "%s%s", sep, $0; sep = "; " }
            END { if (NR > 6) printf "; and %d more", NR - 6 }')"
    fi
    mv "$work/before" "$file"
    # So that the file is newer than what was built from the mutant.
    touch "$file"
    printf '%-52s %-9s %s\n' "$name" "$test" "$verdict"
}

[ -n "$only_fit" ] || for test in contract load bad_input changes health balance hedge limit recheck fast_failures simulation; do
    tests "$test" || { cat "$work/log"; echo "$test is red without any mutant"; exit 1; }
done

# Readiness
mutant "timeout calls a clone" contract timeout/service.rs \
    's/S: Service<Req>,/S: Service<Req> + Clone,/; s/self\.inner\.call\(request\)/self.inner.clone().call(request)/'
mutant "retry calls a clone" contract retry/future.rs \
    's/ready\.call\(request\.clone\(\)\)/ready.clone().call(request.clone())/'
mutant "retry does not get ready for the next attempt" contract retry/future.rs \
    's/let Poll::Ready\(readiness\) = this\.service\.poll_ready\(cx\) else/let Poll::Ready(readiness) = Poll::<Result<(), S::Error>>::Ready(Ok(())) else/'
mutant "a limit calls what is not ready" contract limit/admitted.rs \
    's/match inner\.poll_ready\(&mut Context::from_waker\(Waker::noop\(\)\)\)/match Poll::<Result<(), S::Error>>::Ready(Ok(()))/'
mutant "an idle concurrency limit holds readiness" contract limit/concurrency/service.rs \
    's/poll_ready\(&mut self, _: (.*?)\{\n\s+Poll::Ready\(Ok\(\(\)\)\)/poll_ready(&mut self, cx: $1\{ self.inner.poll_ready(cx)/s'
mutant "metrics keep an error of poll_ready" contract metrics/service.rs \
    's/self\.inner\.poll_ready\(cx\)/self.inner.poll_ready(cx).map(|_| Ok(()))/'
mutant "balance invents an error of poll_ready" contract balance/service.rs \
    's/self\.inner\.poll_ready\(cx\)/if self.shared.table.endpoints().iter().all(|node| node.is_full()) { return Poll::Ready(Err(NoCandidate::new(None).into())); } self.inner.poll_ready(cx)/'
mutant "retry loses the history when getting ready fails" contract retry/future.rs \
    's/let error = classifier\.accumulate\(this\.earlier\.take\(\), error, &figures\);(\s+return)/let _ = figures;$1/s'

# Dropping
mutant "a dropped call keeps its permit" contract limit/concurrency/claim.rs \
    's/self\.permits\.give_back\(self\.weight, self\.kind\);//'
mutant "a dropped waiter keeps its place in the queue" contract limit/concurrency/claim.rs \
    's/(impl Drop for Claim \{\s+fn drop\(&mut self\) \{\s+)self\.leave\(\);/$1/s'
mutant "a dropped waiter keeps its turn in the queue" contract limit/rate/claim.rs \
    's/(impl Drop for Claim \{\s+fn drop\(&mut self\) \{\s+)self\.leave\(\);/$1/s'
mutant "metrics forget what is dropped" contract metrics/guard.rs \
    's/running\.dropped\(\);/drop(running);/'
mutant "a shorter queue shuts out who has no share" limit limit/concurrency/pool.rs \
    's/map_or\(usize::MAX, /map_or(self.queue.bound(), /'
mutant "a dropped ticket keeps its place" contract balance/ticket.rs \
    's/self\.release_unanswered\(\);//'

mutant "retry is ready over the whole pause" contract retry/future.rs \
    's/(this\.state\.set\(if pause\.is_zero\(\))/let _ = this.service.poll_ready(&mut Context::from_waker(std::task::Waker::noop())); $1/'

# Panics
mutant "a panic in call passes" contract panic/future.rs \
    's/contain\(\|\| this\.inner = Some\(call\(\)\)\)/Ok::<_, Panicked>(this.inner = Some(call()))/'
mutant "a panic in polling passes" contract panic/future.rs \
    's/contain\(\|\| inner\.poll\(cx\)\)/Ok::<_, Panicked>(inner.poll(cx))/'
mutant "a panic in poll_ready passes" contract panic/service.rs \
    's/contain\(\|\| self\.inner\.poll_ready\(cx\)\)/Ok(self.inner.poll_ready(cx))/'
mutant "a future that panicked is kept" contract panic/future.rs \
    's/self\.discard\(\);\s+Poll::Ready\(result\)/Poll::Ready(result)/s'

# Waiting
mutant "the timeout has no timer" contract timeout/service.rs \
    's/if self\.layer\.timer \{ until \} else \{ Until::NEVER \}/Until::NEVER/'
mutant "the timeout sends what is late" contract timeout/service.rs \
    's/until\.at <= now/false/'
mutant "a queue has no timer" contract limit/concurrency/claim.rs \
    's/if !until\.ends\(\) \{/if true {/'
mutant "a limit waits for ever for its service" contract limit/admitted.rs \
    's/if !until\.ends\(\) \{/if true {/'
mutant "a limit sends what got ready too late" contract limit/admitted.rs \
    's/\*this\.is_readying && until\.at <= clock::now\(\)/false/'
mutant "a limit forgets how long it waited for its service" contract limit/concurrency/claim.rs \
    's/(fn overdue.*?)self\.since\.elapsed\(\)/$1Duration::ZERO/s'
mutant "retry pauses beyond the deadline" contract retry/decide.rs \
    's/until\.ends\(\) && now\.after\(pause\) >= until\.at/false/'
mutant "retry gets ready beyond the deadline" contract retry/future.rs \
    's/&& until\.ends\(\)(\s+&& poll_until)/&& false$1/s'
mutant "the timeout wakes itself" contract timeout/future.rs \
    's/if let Poll::Ready\(result\) = inner\.poll\(cx\)/cx.waker().wake_by_ref(); if let Poll::Ready(result) = inner.poll(cx)/'
mutant "a queue wakes nobody" contract limit/concurrency/permits.rs \
    's/waker\.wake\(\);/drop(waker);/'
mutant "a queue keeps the oldest waker" contract limit/queue.rs \
    's/waiter\.waker\.replace\(waker\.clone\(\)\)/None/'

# Sharing
mutant "services of one concurrency limit share nothing" contract limit/concurrency/layer.rs \
    's/(fn layer.*?)Arc::clone\(&self\.permits\)/$1Self::new(super::ConcurrencyLimit::new(self.permits.counter.limit() as usize).queue(2)).unwrap().permits/s'
mutant "services of one rate limit share nothing" contract limit/rate/layer.rs \
    's/(fn layer.*?)Arc::clone\(&self\.turns\)/$1Arc::new(self.turns.limit().check().map(|(limit, checked)| Turns::new(limit, checked)).unwrap())/s'
mutant "a clone inherits a panic in poll_ready" contract panic/service.rs \
    's/Self::new\(self\.inner\.clone\(\), self\.metrics\.clone\(\)\)/Self { inner: self.inner.clone(), metrics: self.metrics.clone(), unready: self.unready.clone() }/'
mutant "the budget refuses nothing" contract retry/decide.rs \
    's/!shared\.budget\.withdraw\(now\)/false/'

mutant "a future is bound to its thread" contract balance/future.rs \
    's/PhantomData<fn\(Req\)>/PhantomData<*const Req>/'

# As tower
mutant "the back-off does not double" contract retry/backoff.rs \
    's/checked_mul\(1 << doublings\)/checked_mul(1 + 0 * doublings)/'
mutant "the rate forgets the time that has passed" contract limit/rate/bucket.rs \
    's/self\.tat\.max\(now\) \+ self\.cost/now + self.cost/'

# Choice
mutant "choice: a silent node is taken" health balance/endpoint.rs \
    's/\s+&& !is_silent\(\)//'
mutant "choice: an outlier is taken" balance balance/service.rs \
    's/if quick\.has_outlier\(\)/if false/'
mutant "choice: nobody looks at those that were slow" balance balance/quick.rs \
    's/ && !explores\(self\.random\)//'
mutant "choice: the first one wins" balance balance/quick.rs \
    's/load < self\.load && /self.best.is_none() && /'

# Figures
mutant "figures: a wait is not shown" limit limit/shared.rs \
    's/metrics\.waited\(waited\);//'
mutant "figures: who leaves the queue stays in its gauge" limit metrics/limit.rs \
    's/handles\.queued\.decrement\(1\.0\)/drop(handles)/'

# Load
mutant "the budget refuses nothing, in a storm" load retry/decide.rs \
    's/!shared\.budget\.withdraw\(now\)/false/'
mutant "a limit has no bound to its queue" load limit/queue.rs \
    's/(slots: Vec::with_capacity\(bound\),\s+)bound,/$1bound: 1_000_000,/'
mutant "a permit is given back twice" load limit/concurrency/claim.rs \
    's/(self\.permits\.give_back\(self\.weight, self\.kind\);)/$1 $1/'

# What is told of the nodes
mutant "news: a status is told again and again" changes health/watched.rs \
    's/\(self\.announced\.swap\(status as u8, Relaxed\) != status as u8\)\.then_some\(status\)/{ self.announced.store(9, Relaxed); Some(status) }/'
mutant "news: a failed probe is no news" changes health/watched.rs \
    's/Status::Unknown\n/Status::Up\n/'
mutant "news: what failed before counts for a new connection" changes health/watched.rs \
    's/\(record\.error, record\.latency\) = \(None, None\)/{}/'
mutant "news: a node that left is still told of" changes health/roster.rs \
    's/endpoint\.passive\.is_member\(\)\s+&& //s'
mutant "news: an ejection is not told" changes health/passive.rs \
    's/if self\.is_member\(\)\s+&& let Some\(reason\) = self\.why\(now\)/if false \&\& let Some(reason) = self.why(now)/s'
mutant "news: all failures are called by the last" changes health/passive.rs \
    's/row\.is_mixed = .*?;/row.is_mixed = false;/s'
mutant "news: a closed table leaves its readers waiting" changes health/changes.rs \
    's/self\.sender = None;//'
mutant "news: a slow reader is not told what it missed" changes health/changes.rs \
    's/Err\(RecvError::Lagged\(missed\)\) => Some\(Event::Lagged\(missed\)\)/Err(RecvError::Lagged(_)) => self.receiver.try_recv().ok().map(Event::Change)/'
mutant "probes: each who asks sends one" changes health/prober.rs \
    's/timeout\(limit, watched\.turn\.lock\(\)\)\.await/Ok::<_, ()>(tokio::sync::Mutex::new(()))/; s/if watched\.ended\.load\(Relaxed\) != ended/if false/'
mutant "probes: an old result is good enough" changes health/prober.rs \
    's/watched\.ended\.load\(Relaxed\) != ended/ended != 0/'
mutant "probes: nobody looks whether somebody has asked" changes health/prober.rs \
    's/>= check\.interval\(\) \/ 2/>= Duration::ZERO/'
mutant "probes: who waits for another waits for ever" changes health/prober.rs \
    's/timeout\(limit, watched\.turn\.lock\(\)\)/timeout(Duration::from_secs(3_600), watched.turn.lock())/'

# Settings
mutant "an interval that makes no sense starts probes" health health/prober.rs \
    's/check\.validate\(\)\?;//'
mutant "a probe may take longer than its interval" health health/check.rs \
    's/if timeout > self\.interval/if timeout > Self::LONGEST/'
mutant "a time limit of zero is accepted" bad_input timeout/layer.rs \
    's/limit\.is_zero\(\) \|\| //'
mutant "a raised burst reaches nobody who waits" limit limit/rate/turns.rs \
    's/(line\.bucket\.set_burst\(burst\);\s+)drop\(self\.hand_on\(line, now, None\)\);/$1let _ = now;/'
mutant "one too heavy for a lowered burst waits for ever" limit limit/rate/line.rs \
    's/if weight > self\.bucket\.burst\(\)/if false/'
mutant "a longer queue is not used" limit limit/queue.rs \
    's/self\.bound = bound;//'
mutant "a rate of zero is accepted" bad_input limit/rate/config.rs \
    's/if count == 0/if false/'
mutant "a base above the cap is accepted" bad_input retry/backoff.rs \
    's/if self\.base > self\.cap/if false/'
mutant "a share above all calls is accepted" bad_input retry/budget.rs \
    's/if percent > 100/if false/'
mutant "a limit beyond the clock overflows" bad_input clock.rs \
    's/Self\(self\.0\.saturating_add\(nanos\)\)/Self(self.0 + nanos)/'

# Nodes in doubt
mutant "doubt: nobody asks a silent node at once" recheck health/recheck.rs \
    's/if !endpoint\.is_stalled\(/if true || !endpoint.is_stalled(/'
mutant "doubt: who answers only probes is asked for ever" recheck health/recheck.rs \
    's/ && endpoint\.last_success\(\) >= before/ \&\& before < u64::MAX/'
mutant "doubt: a silent node is asked all the time" recheck health/recheck.rs \
    's/since >= clock::nanos\(APART\)/since > 0/'
mutant "doubt: a failed probe is final" recheck health/recheck.rs \
    's/last\.at\.elapsed\(\) >= AFTER_FAILURE/false/'
mutant "doubt: a failed probe outweighs requests" recheck health/watched.rs \
    's/ && success < Moment::of\(record\.began\)\.number\(\)/ \&\& success < u64::MAX/'
mutant "doubt: nobody is told that it is over" recheck health/recheck.rs \
    's/endpoint\.look_again\(\)/()/'
mutant "ejection: no share of failures is too much" health health/passive.rs \
    's/let enough = too_many \|\| in_a_row/let _ = too_many; let enough = in_a_row/'
mutant "ejection: a majority of the replicas may be out" balance balance/choose.rs \
    's/if self\.ejected \{\n/if false {\n/'

# The rule of the choice, under simulation
mutant "the choice ignores what is in flight" simulation balance/quick.rs \
    's/\(u64::from\(in_flight\) << 8\) \| /0 * u64::from(in_flight) | /'
mutant "the choice prefers the busiest" simulation balance/quick.rs \
    's/\(u64::from\(in_flight\) << 8\)/(u64::from(u32::MAX - in_flight) << 8)/'
mutant "the choice has no stall gate" simulation balance/endpoint.rs \
    's/self\.oldest_age\(now\)\.is_some_and/false && self.oldest_age(now).is_some_and/'
mutant "the choice has no outlier gate" simulation balance/choose.rs \
    's/OUTLIER: u64 = 3;/OUTLIER: u64 = 1_000_000;/'
mutant "the choice explores a third of the time" simulation balance/choose.rs \
    's/EXPLORED: u64 = 3;/EXPLORED: u64 = 330;/'
mutant "the choice never explores" balance balance/choose.rs \
    's/EXPLORED: u64 = 3;/EXPLORED: u64 = 0;/'
mutant "the choice gives ties to the first" simulation balance/quick.rs \
    's/\| \(ties & 0xff\)/| (0 * ties)/'
mutant "the choice lets a newcomer have all it can win" simulation balance/quick.rs \
    's/&& !has_its_turn\(shared, self\.all, self\.newcomers\)/\&\& false/'
mutant "a failure is no slow answer" fast_failures balance/ticket.rs \
    's/(Fault::Replicas[^\n]*) => endpoint\.speed\.failed\(now\)/$1 => {}/'
mutant "the choice takes a pause for slowness" simulation balance/speed.rs \
    's/\.min\(mean \/ 8 \+ MILLISECOND \/ 20\)//'
mutant "the choice forgets what was given up" simulation balance/reaper.rs \
    's/let sent = endpoint\.abandon/let sent = false && endpoint.abandon/'
mutant "the choice never ejects" simulation health/passive.rs \
    's/let enough = too_many \|\| in_a_row/let _ = too_many; let enough = false/'
mutant "the choice is probed ten times as often" simulation health/prober.rs \
    's/sleep\(Self::pause\(&table, check\.interval\(\)\)\)/sleep(Self::pause(&table, check.interval() \/ 40))/; s/>= check\.interval\(\) \/ 2/>= check.interval() \/ 80/'

# The second attempt
# What takes longer than the delay counts for the 2 s that it would take.
mutant "hedge: the delay learns from what it is to cure" simulation hedge/delay.rs \
    's/(let censored = .*?;)/let took = if took.saturating_add(1) >= now { 2_000_000_000 } else { took }; let censored = took;/s; s/now\.saturating_add\(now \/ 4\)/u64::MAX - 1/'
mutant "hedge: a slow node teaches it to wait" hedge hedge/second.rs \
    's/watch\.confirm\(spare\.at\)/watch.learn()/'
mutant "hedge: the loser is forgotten" simulation balance/reaper.rs \
    's/let sent = endpoint\.abandon/let sent = false && endpoint.abandon/'
mutant "hedge: there is no budget" simulation hedge/layer.rs \
    's/!self\.savings\.has_one\(\)/false/; s/if !self\.savings\.take\(\)/if false/'
mutant "hedge: the budget of the retries is left alone" hedge hedge/layer.rs \
    's/self\.budget\.get\(\)\.is_none_or\(\|budget\| budget\.take\(now\)\)/true/'
mutant "hedge: what was not sent is paid for" hedge hedge/layer.rs \
    's/budget\.give_back\(\);//'
mutant "hedge: a dropped call keeps what it did not spend" hedge hedge/layer.rs \
    's/(impl<C> Drop for Paid.*?)shared\.give_back\(\);/$1let _ = shared;/s'
mutant "hedge: what is refused late is paid for" hedge hedge/second.rs \
    's/None => shared\.give_back\(\),/None => {}/'
mutant "hedge: a late refusal leaves the call hanging" hedge hedge/second.rs \
    's/Some\(first\) => Ended::Failed\(first\.error\),/Some(_) => Ended::NotSent,/'
mutant "hedge: probes are free" hedge balance/watching.rs \
    's/budget\.charge\(clock::read\(\)\);/drop(budget);/'
mutant "hedge: the same node twice" hedge balance/choose.rs \
    's/ \|\| \(attempt\.is_hedge\(\) && endpoint\.owes\(\*call\)\)//'
mutant "hedge: any node is good enough" hedge balance/service.rs \
    's/ \|\| \(attempt\.is_hedge\(\) && !candidates\.are_enough\(\)\)//'
mutant "hedge: the retry goes where one of the two failed" hedge request/attempt.rs \
    's/failed\.add\(beside\);//'
mutant "hedge: an error of the first ends it" hedge hedge/second.rs \
    's/if matches!\(self\.stage, Stage::Over\)/if true/'
mutant "hedge: an error of the second ends it" hedge hedge/future.rs \
    's/Ended::Failed\(error\)\) if this\.first\.is_none\(\)/Ended::Failed(error)) if true/'
mutant "hedge: the error of the first is lost" hedge hedge/second.rs \
    's/join\(watch, spare, earlier, error, started\)/join(watch, spare, None, error, started)/'
mutant "hedge: what may not be repeated is" hedge hedge/service.rs \
    's/let Some\(class\) = request\.hedge\(\) else/let Some(class) = Some(crate::request::HedgeClass::Read) else/'
mutant "hedge: a lent timer never comes back" hedge timer.rs \
    's/ready!\(polled\);\n    poll_until\(timer, at, cx\)/ready!(polled);\n    let _ = at; Poll::Pending/'
mutant "hedge: nobody has a timer for the delay" hedge hedge/future.rs \
    's/if wish == Wish::Unheard \{/if wish == Wish::Unheard { return Poll::Pending; } if false {/'
mutant "hedge: the second one is not polled ready" contract hedge/second.rs \
    's/ready!\(spare\.service\.poll_ready\(cx\)\)\.is_err\(\)/false/'
mutant "hedge: a service that fails to get ready ends it" contract hedge/second.rs \
    's/(poll_ready\(cx\)\)\.is_err\(\) \{)/$1 panic!("as if it were an error");/'
mutant "hedge: services of one value save apart" contract hedge/layer.rs \
    's/(fn layer.*?)Arc::clone\(&self\.shared\)/$1Arc::new(Shared { classifier: self.shared.classifier.clone(), savings: Savings::new(1.0, 3), delays: [Delay::new(\&Hedge::default().after(Duration::from_millis(20))), Delay::new(\&Hedge::default())], calls: AtomicU32::new(1), budget: OnceLock::new(), metrics: OnceLock::new(), has_said_idle: AtomicBool::new(false), tally: Tally::default() })/s; s/impl<S, C> Layer<S> for/impl<S, C: Clone> Layer<S> for/'
mutant "hedge: a quantile of nothing is accepted" hedge hedge/settings.rs \
    's/self\.quantile > 0\.5/self.quantile > 0.1/'

if [ -n "$only_fit" ]; then
    echo "$((count - bad)) of $count mutants fit"
    [ "$bad" -eq 0 ]
    exit
fi
if [ ${#words[@]} -eq 0 ]; then
    for case in $(sed -nE 's/^    [a-z]+::([a-z_]+)$/\1/p' layers/tests/contract/main.rs); do
        grep -qx "$case" "$work/cases" || { echo "no mutant turns the case $case red"; bad=$((bad + 1)); }
    done
fi
echo "$((count - bad)) of $count mutants are red"
[ "$bad" -eq 0 ]
