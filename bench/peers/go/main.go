// The rows of `bench`, done with goroutines.
//
// Started once with the number of processors. Says its version on one line, the rows that it knows on the next; then
// reads lines `row operations`, and answers each with `figure cpu_nanoseconds`: the figure is the nanoseconds that the
// whole call took, or for `idle` the bytes that its goroutines held while they waited.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	batch = 1000
	depth = 100
	fan   = 100
)

func main() {
	processors, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	runtime.GOMAXPROCS(processors)
	fmt.Println(runtime.Version())
	fmt.Println("spawn spawn_yield scope2 chain cancel idle drain ping_pong mpsc_bounded select " +
		"semaphore semaphore_yield mutex_yield sleeps timer")

	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var row string
		var operations int
		if _, err := fmt.Sscan(lines.Text(), &row, &operations); err != nil {
			panic(err)
		}
		runtime.GC()
		cpu := cpuNanoseconds()
		figure := run(row, operations)
		fmt.Println(figure, cpuNanoseconds()-cpu)
	}
}

func run(row string, operations int) int64 {
	start := time.Now()
	switch row {
	case "spawn":
		spawn(operations, func() {})
	case "spawn_yield":
		spawn(operations, runtime.Gosched)
	case "scope2":
		scopeOfTwo(operations)
	case "chain":
		chain(operations)
	case "cancel":
		cancelTree(operations)
	case "ping_pong":
		pingPong(operations)
	case "mpsc_bounded":
		mpscBounded(operations)
	case "select":
		selectOfTwo(operations)
	case "semaphore":
		semaphore(operations, permits, false)
	case "semaphore_yield":
		semaphore(operations, permits, true)
	case "mutex_yield":
		semaphore(operations, 1, true)
	case "sleeps":
		sleeps(operations)
	case "timer":
		armAndCancel(operations)
	case "idle":
		return idle(operations)
	case "drain":
		return drain(operations)
	default:
		panic("no row " + row)
	}
	return time.Since(start).Nanoseconds()
}

func spawn(n int, child func()) {
	for i := 0; i < n/batch; i++ {
		var all sync.WaitGroup
		all.Add(batch)
		for j := 0; j < batch; j++ {
			go func() {
				defer all.Done()
				child()
			}()
		}
		all.Wait()
	}
}

func scopeOfTwo(n int) {
	for i := 0; i < n; i++ {
		_, cancel := context.WithCancel(context.Background())
		var both sync.WaitGroup
		both.Add(2)
		for j := 0; j < 2; j++ {
			go func() {
				defer both.Done()
				runtime.Gosched()
			}()
		}
		both.Wait()
		cancel()
	}
}

// Kept from being inlined: each level is a call, as it is an await elsewhere.
//
//go:noinline
func down(depth int) int {
	if depth == 0 {
		runtime.Gosched()
		return 0
	}
	return down(depth-1) + 1
}

func chain(n int) {
	for i := 0; i < n; i++ {
		if down(depth) != depth {
			panic("lost count")
		}
	}
}

func cancelTree(n int) {
	var nodes [fan]context.Context
	var cancels [fan]context.CancelFunc
	for i := 0; i < n/fan; i++ {
		nodes[0], cancels[0] = context.WithCancel(context.Background())
		for j := 1; j < fan; j++ {
			nodes[j], cancels[j] = context.WithCancel(nodes[(j-1)/10])
		}
		for _, cancel := range cancels {
			cancel()
		}
	}
}

// Starts n goroutines that wait for the context's end, and returns once all of them do.
func park(ctx context.Context, n int, all *sync.WaitGroup) {
	var parked atomic.Int64
	all.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			defer all.Done()
			parked.Add(1)
			<-ctx.Done()
		}()
	}
	for parked.Load() < int64(n) {
		runtime.Gosched()
	}
	// The last to be counted is still on its way into the wait.
	time.Sleep(5 * time.Millisecond)
}

func idle(n int) int64 {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	before := heldBytes()
	park(ctx, n, &all)
	held := heldBytes() - before
	cancel()
	all.Wait()
	return held
}

func drain(n int) int64 {
	const children = 10_000
	var elapsed time.Duration
	for i := 0; i < n; i++ {
		ctx, cancel := context.WithCancel(context.Background())
		var all sync.WaitGroup
		park(ctx, children, &all)
		start := time.Now()
		cancel()
		all.Wait()
		elapsed += time.Since(start)
	}
	return elapsed.Nanoseconds()
}

func cpuNanoseconds() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}

// Bytes of the heap and of the goroutines' stacks, after a collection.
func heldBytes() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc + stats.StackInuse)
}
