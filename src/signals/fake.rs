//! An HTTP server that says one thing, for tests of what is asked of it and of what is made of its answer.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::Endpoint;

/// A server that answers everything so, and the heads of the requests.
pub(crate) struct Fake {
    pub(crate) endpoint: Endpoint,
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

#[derive(Clone)]
pub(crate) enum Says {
    /// A status line, more headers, and a body.
    This(&'static str, &'static str, Vec<u8>),
    /// A body of these bytes without end.
    Endlessly(&'static [u8]),
}

pub(crate) async fn fake(says: Says) -> Fake {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = Endpoint::at(&format!("http://{}/", listener.local_addr().unwrap()));
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let (mut tasks, log) = (JoinSet::new(), Arc::clone(&asked));
    tasks.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let head = serve(stream, says.clone()).await;
            log.lock().unwrap().push(head);
        }
    });
    Fake { endpoint, asked, _tasks: tasks }
}

async fn serve(mut stream: TcpStream, says: Says) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    match says {
        Says::This(status, headers, body) => {
            let begin = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n", body.len());
            stream.write_all(&[begin.as_bytes(), &body].concat()).await.unwrap();
        }
        Says::Endlessly(bytes) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            while stream.write_all(bytes).await.is_ok() {}
        }
    }
    stream.shutdown().await.ok();
    String::from_utf8(head).unwrap()
}

pub(crate) async fn json(text: &str) -> Fake {
    fake(Says::This("200 OK", "content-type: application/json\r\n", text.as_bytes().to_vec())).await
}
