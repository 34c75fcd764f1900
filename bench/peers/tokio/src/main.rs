//! The rows of `bench`, done with Tokio's multi-thread runtime.
//!
//! Started once with the number of workers. Says its versions on one line, the rows that it knows on the next; then reads
//! lines `row operations`, and answers each with `figure cpu_nanoseconds`: the figure is the nanoseconds that the whole
//! call took, or for `idle` the bytes that its tasks held while they waited.
//!
//! Started with `echo` and the number of workers it is the echo server of `bench echo` instead.

mod channels;
mod echo;
mod locks;
mod timers;

use std::future::Future;
use std::io::{BufRead, Write};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Notify;
use tokio::task::{yield_now, JoinSet};

const BATCH: usize = 1000;
const DEPTH: usize = 100;

fn main() {
    if std::env::args().nth(1).as_deref() == Some("echo") {
        let workers = std::env::args().nth(2).and_then(|n| n.parse().ok()).expect("usage: tokio echo <workers>");
        return echo::serve(workers);
    }

    let workers: usize = std::env::args().nth(1).and_then(|n| n.parse().ok()).expect("usage: tokio <workers>");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_time().build().unwrap();
    say(version());
    say(concat!(
        "spawn spawn_yield scope2 chain idle drain ping_pong mpsc_bounded mpsc_unbounded select semaphore semaphore_yield ",
        "mutex_yield sleeps timer timeout"
    )
    .to_string());
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let (row, operations) = line.split_once(' ').expect("expected: row operations");
        let (row, operations) = (row.to_string(), operations.parse().unwrap());
        let cpu = cpu_nanoseconds();
        // In a task of its own: `block_on`'s thread is not one of the workers.
        let figure = runtime.block_on(async { tokio::spawn(run(row, operations)).await.unwrap() });
        say(format!("{} {}", figure, cpu_nanoseconds() - cpu));
    }
}

fn version() -> String {
    format!("Tokio {} (rustc {})", env!("TOKIO_VERSION"), env!("RUSTC_VERSION"))
}

fn say(line: String) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).unwrap();
}

async fn run(row: String, operations: usize) -> u64 {
    let start = Instant::now();
    match row.as_str() {
        "spawn" => spawn(operations).await,
        "spawn_yield" => spawn_yield(operations).await,
        "scope2" => scope_of_two(operations).await,
        "chain" => chain(operations).await,
        "idle" => return idle(operations).await,
        "drain" => return drain(operations).await,
        "ping_pong" => channels::ping_pong(operations).await,
        "mpsc_bounded" => channels::bounded(operations).await,
        "mpsc_unbounded" => channels::unbounded(operations).await,
        "select" => channels::select_of_two(operations).await,
        "semaphore" => locks::semaphore(operations, false).await,
        "semaphore_yield" => locks::semaphore(operations, true).await,
        "mutex_yield" => locks::mutex(operations).await,
        "sleeps" => timers::sleeps(operations).await,
        "timer" => timers::arm_and_cancel(operations).await,
        "timeout" => timers::with_timeout(operations).await,
        _ => panic!("no row {row}"),
    }
    start.elapsed().as_nanos() as u64
}

async fn join(mut set: JoinSet<()>) {
    while let Some(result) = set.join_next().await {
        result.unwrap();
    }
}

async fn spawn(n: usize) {
    for _ in 0..n / BATCH {
        let mut set = JoinSet::new();
        for _ in 0..BATCH {
            set.spawn(async {});
        }
        join(set).await;
    }
}

async fn spawn_yield(n: usize) {
    for _ in 0..n / BATCH {
        let mut set = JoinSet::new();
        for _ in 0..BATCH {
            set.spawn(yield_now());
        }
        join(set).await;
    }
}

async fn scope_of_two(n: usize) {
    for _ in 0..n {
        let mut set = JoinSet::new();
        set.spawn(yield_now());
        set.spawn(yield_now());
        join(set).await;
    }
}

fn down(depth: usize) -> Pin<Box<dyn Future<Output = usize> + Send>> {
    Box::pin(async move {
        if depth == 0 {
            yield_now().await;
            return 0;
        }
        down(depth - 1).await + 1
    })
}

async fn chain(n: usize) {
    for _ in 0..n {
        assert_eq!(down(DEPTH).await, DEPTH);
    }
}

/// Spawns `n` tasks that wait for a signal, and returns once all of them do.
async fn park(n: usize, signal: &Arc<Notify>, set: &mut JoinSet<()>) {
    let parked = Arc::new(AtomicUsize::new(0));
    for _ in 0..n {
        let (signal, parked) = (signal.clone(), parked.clone());
        set.spawn(async move {
            parked.fetch_add(1, Ordering::Relaxed);
            signal.notified().await;
        });
    }
    while parked.load(Ordering::Relaxed) < n {
        yield_now().await;
    }
    // The last to be counted is still on its way into the wait.
    std::thread::sleep(std::time::Duration::from_millis(5));
}

async fn idle(n: usize) -> u64 {
    let signal = Arc::new(Notify::new());
    let mut set = JoinSet::new();
    let before = heap_bytes();
    park(n, &signal, &mut set).await;
    let held = heap_bytes().saturating_sub(before);
    signal.notify_waiters();
    join(set).await;
    held
}

async fn drain(n: usize) -> u64 {
    const CHILDREN: usize = 10_000;
    let mut elapsed = 0;
    for _ in 0..n {
        let mut set = JoinSet::new();
        park(CHILDREN, &Arc::new(Notify::new()), &mut set).await;
        let start = Instant::now();
        set.shutdown().await;
        elapsed += start.elapsed().as_nanos() as u64;
        assert!(set.is_empty());
    }
    elapsed
}

// From the C library that the standard library links anyway.

#[repr(C)]
struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}

#[repr(C)]
struct Mallinfo2 {
    arena: usize,
    ordblks: usize,
    smblks: usize,
    hblks: usize,
    hblkhd: usize,
    usmblks: usize,
    fsmblks: usize,
    uordblks: usize,
    fordblks: usize,
    keepcost: usize,
}

extern "C" {
    fn clock_gettime(clock: i32, time: *mut Timespec) -> i32;
    fn mallinfo2() -> Mallinfo2;
}

fn cpu_nanoseconds() -> u64 {
    const CLOCK_PROCESS_CPUTIME_ID: i32 = 2;
    let mut time = Timespec { seconds: 0, nanoseconds: 0 };
    unsafe { clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    time.seconds as u64 * 1_000_000_000 + time.nanoseconds as u64
}

/// Bytes handed out and not given back, in all arenas, and those of blocks that have a mapping of their own.
fn heap_bytes() -> u64 {
    let info = unsafe { mallinfo2() };
    (info.uordblks + info.hblkhd) as u64
}
