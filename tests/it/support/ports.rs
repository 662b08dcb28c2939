//! Ports for tests: one that nobody listens on, and one that is free for a program.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use tokio::net::TcpSocket;

/// An address at which every connection is refused.
///
/// The socket is bound and never listens. A port that was only free a moment ago may be given to the server of another test, which
/// then answers.
pub(crate) struct Nobody {
    socket: TcpSocket,
}

impl Nobody {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        Self { socket }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address())
    }
}

/// A free port below those that the system hands out by itself, so that no other test is given it in the meantime.
pub(crate) fn free_port() -> u16 {
    const FIRST: u16 = 20_000;
    const COUNT: u32 = 10_000;
    let start = std::process::id() % COUNT;
    let ports = (0..COUNT).map(|n| FIRST + u16::try_from((start + n) % COUNT).unwrap());
    let mut free = ports.filter(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok());
    free.next().expect("a free port")
}
