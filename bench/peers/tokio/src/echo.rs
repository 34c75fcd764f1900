//! An echo server as one writes it with Tokio: a task for each connection, with a buffer of 4 KiB.
//!
//! Says `ready PORT` and its versions, answers each line on its standard input with the bytes of its heap, and ends when that does.

use std::io::BufRead;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

pub fn serve(workers: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_io().build().unwrap();
    let listener = runtime.block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        socket.listen(4096).unwrap()
    });
    let port = listener.local_addr().unwrap().port();
    runtime.spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(echo(stream));
        }
    });

    crate::say(format!("ready {port} {}", crate::version()));
    for line in std::io::stdin().lock().lines() {
        line.unwrap();
        crate::say(crate::heap_bytes().to_string());
    }
}

async fn echo(mut stream: TcpStream) {
    stream.set_nodelay(true).unwrap();
    let mut buffer = vec![0; 4096];
    // An error is the client's going away, as is the end.
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        if stream.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
