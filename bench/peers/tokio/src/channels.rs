//! Channels: ping-pong over two of one place, four producers and a consumer, a select over two.

use tokio::sync::mpsc;

const PRODUCERS: usize = 4;

pub async fn ping_pong(n: usize) {
    let (ping, mut pings) = mpsc::channel::<usize>(1);
    let (pong, mut pongs) = mpsc::channel::<usize>(1);
    let other = tokio::spawn(async move {
        while let Some(item) = pings.recv().await {
            pong.send(item).await.unwrap();
        }
    });
    let one = tokio::spawn(async move {
        for i in 0..n {
            ping.send(i).await.unwrap();
            assert_eq!(pongs.recv().await, Some(i));
        }
    });
    one.await.unwrap();
    other.await.unwrap();
}

pub async fn bounded(n: usize) {
    let (sender, mut receiver) = mpsc::channel::<usize>(100);
    for _ in 0..PRODUCERS {
        let sender = sender.clone();
        tokio::spawn(async move {
            for i in 0..n / PRODUCERS {
                sender.send(i).await.unwrap();
            }
        });
    }
    drop(sender);
    let consumer = tokio::spawn(async move {
        let mut count = 0;
        while receiver.recv().await.is_some() {
            count += 1;
        }
        count
    });
    assert_eq!(consumer.await.unwrap(), n / PRODUCERS * PRODUCERS);
}

pub async fn unbounded(n: usize) {
    let (sender, mut receiver) = mpsc::unbounded_channel::<usize>();
    for _ in 0..PRODUCERS {
        let sender = sender.clone();
        tokio::spawn(async move {
            for i in 0..n / PRODUCERS {
                sender.send(i).unwrap();
            }
        });
    }
    drop(sender);
    let consumer = tokio::spawn(async move {
        let mut count = 0;
        while receiver.recv().await.is_some() {
            count += 1;
        }
        count
    });
    assert_eq!(consumer.await.unwrap(), n / PRODUCERS * PRODUCERS);
}

pub async fn select_of_two(n: usize) {
    let (one, mut ones) = mpsc::channel::<usize>(1);
    let (other, mut others) = mpsc::channel::<usize>(1);
    let sender = tokio::spawn(async move {
        for i in 0..n / 2 {
            one.send(i).await.unwrap();
            other.send(i).await.unwrap();
        }
    });
    let receiver = tokio::spawn(async move {
        for _ in 0..n / 2 * 2 {
            tokio::select! {
                Some(_) = ones.recv() => {}
                Some(_) = others.recv() => {}
            }
        }
    });
    sender.await.unwrap();
    receiver.await.unwrap();
}
