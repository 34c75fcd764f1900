//! A thousand tasks and one semaphore, or one mutex.

use std::sync::Arc;

use tokio::sync::{Mutex, Semaphore};
use tokio::task::{yield_now, JoinSet};

const TASKS: usize = 1000;
const PERMITS: usize = 10;

pub async fn semaphore(n: usize, yields: bool) {
    let semaphore = Arc::new(Semaphore::new(PERMITS));
    let mut set = JoinSet::new();
    for _ in 0..TASKS {
        let semaphore = semaphore.clone();
        set.spawn(async move {
            for _ in 0..n / TASKS {
                let _permit = semaphore.acquire().await.unwrap();
                if yields {
                    yield_now().await;
                }
            }
        });
    }
    super::join(set).await;
}

pub async fn mutex(n: usize) {
    let mutex = Arc::new(Mutex::new(()));
    let mut set = JoinSet::new();
    for _ in 0..TASKS {
        let mutex = mutex.clone();
        set.spawn(async move {
            for _ in 0..n / TASKS {
                let _guard = mutex.lock().await;
                yield_now().await;
            }
        });
    }
    super::join(set).await;
}
