package main

import (
	"runtime"
	"sync"
	"time"
)

const (
	producers = 4
	tasks     = 1000
	permits   = 10
)

func pingPong(n int) {
	ping, pong := make(chan int, 1), make(chan int, 1)
	go func() {
		for item := range ping {
			pong <- item
		}
	}()
	for i := 0; i < n; i++ {
		ping <- i
		<-pong
	}
	close(ping)
}

func mpscBounded(n int) {
	channel := make(chan int, 100)
	var all sync.WaitGroup
	all.Add(producers)
	for i := 0; i < producers; i++ {
		go func() {
			defer all.Done()
			for j := 0; j < n/producers; j++ {
				channel <- j
			}
		}()
	}
	for i := 0; i < n/producers*producers; i++ {
		<-channel
	}
	all.Wait()
}

func selectOfTwo(n int) {
	one, other := make(chan int, 1), make(chan int, 1)
	go func() {
		for i := 0; i < n/2; i++ {
			one <- i
			other <- i
		}
	}()
	for i := 0; i < n/2*2; i++ {
		select {
		case <-one:
		case <-other:
		}
	}
}

// A channel of places is Go's usual semaphore.
func semaphore(n int, places int, yields bool) {
	held := make(chan struct{}, places)
	var all sync.WaitGroup
	all.Add(tasks)
	for i := 0; i < tasks; i++ {
		go func() {
			defer all.Done()
			for j := 0; j < n/tasks; j++ {
				held <- struct{}{}
				if yields {
					runtime.Gosched()
				}
				<-held
			}
		}()
	}
	all.Wait()
}

// Each sleeps for one to two seconds.
func sleeps(n int) {
	random := uint64(12345)
	var all sync.WaitGroup
	all.Add(n)
	for i := 0; i < n; i++ {
		// Knuth's linear congruential generator (MMIX).
		random = random*6364136223846793005 + 1442695040888963407
		pause := time.Duration(1000+(random>>33)%1000) * time.Millisecond
		go func() {
			defer all.Done()
			time.Sleep(pause)
		}()
	}
	all.Wait()
}

func armAndCancel(n int) {
	timers := make([]*time.Timer, batch)
	for i := 0; i < n/batch; i++ {
		for j := range timers {
			timers[j] = time.NewTimer(30 * time.Second)
		}
		for _, timer := range timers {
			timer.Stop()
		}
	}
}
