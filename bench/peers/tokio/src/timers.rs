//! Timers: many that fire, many that do not, and operations that end before their time is over.

use std::future::{poll_fn, Future};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::task::{yield_now, JoinSet};
use tokio::time::{sleep, timeout, Sleep};

const BATCH: usize = 1000;
const LONG: Duration = Duration::from_secs(30);

/// Each sleeps for one to two seconds.
pub async fn sleeps(n: usize) {
    let mut random: u64 = 12345;
    let mut set = JoinSet::new();
    for _ in 0..n {
        // Knuth's linear congruential generator (MMIX).
        random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        set.spawn(sleep(Duration::from_millis(1000 + (random >> 33) % 1000)));
    }
    super::join(set).await;
}

pub async fn arm_and_cancel(n: usize) {
    let mut armed: Vec<Pin<Box<Sleep>>> = Vec::with_capacity(BATCH);
    for _ in 0..n / BATCH {
        for _ in 0..BATCH {
            let mut timer = Box::pin(sleep(LONG));
            // The first poll arms it.
            poll_fn(|context| {
                let _ = timer.as_mut().poll(context);
                Poll::Ready(())
            })
            .await;
            armed.push(timer);
        }
        armed.clear();
    }
}

pub async fn with_timeout(n: usize) {
    for _ in 0..n {
        timeout(LONG, yield_now()).await.unwrap();
    }
}
