// gocql as a contender while a node is frozen: 300 inserts a second, whether or not answers come.
package main

import (
	"flag"
	"fmt"
	"math/rand"
	"os"
	"sort"
	"strings"
	"sync"
	"syscall"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
)

const (
	perSecond = 300
	lasts     = 50 * time.Second
	keys      = 20_000
)

var value = strings.Repeat("0123456789abcdefghijklmnopqrstuvwxyz", 3)[:100]

type outcomes struct {
	sync.Mutex
	took   []time.Duration
	errors int
}

func (all *outcomes) note(took time.Duration, err error) {
	all.Lock()
	defer all.Unlock()
	all.took = append(all.took, took)
	if err != nil {
		all.errors++
		if all.errors <= 3 {
			fmt.Fprintf(os.Stderr, "failed after %v: %v\n", took, err)
		}
	}
}

func offer(session *gocql.Session, lasts time.Duration, chance *rand.Rand) *outcomes {
	all := &outcomes{}
	var wait sync.WaitGroup
	started := time.Now()
	for number := 0; number < int(lasts.Seconds()*perSecond); number++ {
		intended := started.Add(time.Duration(number) * time.Second / perSecond)
		time.Sleep(time.Until(intended))
		key := chance.Intn(keys)
		wait.Add(1)
		go func() {
			defer wait.Done()
			insert := session.Query("INSERT INTO compare.items (id, v) VALUES (?, ?)", key, value)
			err := insert.Idempotent(true).Exec()
			all.note(time.Since(intended), err)
		}()
	}
	wait.Wait()
	return all
}

func cpu() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func main() {
	points := flag.String("points", "", "")
	shape := flag.String("shape", "", "")
	seed := flag.Int64("seed", 0, "")
	flag.String("lasts", "", "")
	flag.String("warm-up", "", "")
	flag.String("policy", "", "")
	flag.Parse()
	if *shape != "frozen" {
		fmt.Fprintln(os.Stderr, "only the frozen node")
		os.Exit(1)
	}
	cluster := gocql.NewCluster(strings.Split(*points, ",")...)
	cluster.Consistency = gocql.LocalQuorum
	cluster.PoolConfig.HostSelectionPolicy = gocql.TokenAwareHostPolicy(gocql.RoundRobinHostPolicy())
	session, err := cluster.CreateSession()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer session.Close()
	chance := rand.New(rand.NewSource(*seed))
	offer(session, time.Second, chance)
	fmt.Println("offering")
	began, before := time.Now(), cpu()
	all := offer(session, lasts, chance)
	print(all, time.Since(began), cpu()-before)
}

func print(all *outcomes, wall, cpu time.Duration) {
	sort.Slice(all.took, func(i, j int) bool { return all.took[i] < all.took[j] })
	micros := func(share float64) int64 {
		rank := int(float64(len(all.took))*share+0.999999) - 1
		return all.took[max(0, min(rank, len(all.took)-1))].Microseconds()
	}
	over := func(limit time.Duration) int {
		return len(all.took) - sort.Search(len(all.took), func(i int) bool { return all.took[i] > limit })
	}
	done := max(1, len(all.took)-all.errors)
	fmt.Printf("sample: ops_per_s=%.6f p50_us=%d p95_us=%d p99_us=%d p999_us=%d slowest_us=%d", float64(done)/wall.Seconds(),
		micros(0.5), micros(0.95), micros(0.99), micros(0.999), micros(1))
	fmt.Printf(" cpu_us_per_op=%.6f allocs_per_op=- rss_mb=- errors=%d over_100ms=%d over_1s=%d\n",
		float64(cpu.Microseconds())/float64(done), all.errors, over(100*time.Millisecond), over(time.Second))
}
