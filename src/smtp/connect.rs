// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! A connection to the first of a host's addresses that answers (happy eyeballs, RFC 8305).

use std::{io, net::SocketAddr, time::Duration};

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::{net::TcpStream, time::timeout};

use super::limits::Limits;

/// The addresses of a host: an address, or a name, internationalised or not.
///
/// # Errors
/// In words: it is no name, it is not known, or nobody says within the time limit.
pub async fn addresses(host: &str, port: u16, limits: &Limits) -> Result<Vec<SocketAddr>, String> {
    let name = super::envelope::ascii_domain(host)?;
    let mut found = look_up(&name, port, limits.connect).await;
    // A dot at the end says that the name is a full one. Not everybody who knows names knows that.
    if let (Err(_), Some(bare)) = (&found, name.strip_suffix('.')) {
        found = look_up(bare, port, limits.connect).await;
    }
    match found {
        Ok(addresses) if addresses.is_empty() => Err(format!("{host} has no address")),
        found => found.map(interleaved),
    }
}

async fn look_up(name: &str, port: u16, limit: Duration) -> Result<Vec<SocketAddr>, String> {
    match timeout(limit, tokio::net::lookup_host((name, port))).await {
        Ok(Ok(addresses)) => Ok(addresses.collect()),
        Ok(Err(error)) => Err(format!("{name} can't be looked up: {error}")),
        Err(_) => Err(format!("{name} can't be looked up: no answer within {} seconds", limit.as_secs())),
    }
}

/// IPv6 and IPv4 in turns, each in the order in which the resolver prefers them, its first one first.
fn interleaved(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let mut both = Vec::new();
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    loop {
        let before = both.len();
        for address in [first.next(), second.next()].into_iter().flatten() {
            if !both.contains(&address) {
                both.push(address);
            }
        }
        if before == both.len() && first.len() == 0 && second.len() == 0 {
            return both;
        }
    }
}

/// Connects to the first address that answers. Another one is tried beside those that have not, once they had a moment,
/// and as soon as one has refused. Those that have not answered stay in `addresses`, without the one that has.
///
/// # Errors
/// None of them answers: what each said.
pub async fn connect(addresses: &mut Vec<SocketAddr>, limits: &Limits) -> Result<TcpStream, String> {
    let mut waiting = std::mem::take(addresses).into_iter();
    let mut asked = FuturesUnordered::new();
    let mut open = Vec::new();
    let mut reasons = Vec::new();
    loop {
        if let Some(address) = waiting.next() {
            open.push(address);
            asked.push(async move { (address, connect_to(address, limits.connect).await) });
        }
        let has_more = waiting.len() > 0;
        let answer = tokio::select! {
            answer = asked.next() => answer,
            () = tokio::time::sleep(limits.stagger), if has_more => continue,
        };
        match answer {
            Some((address, Ok(stream))) => {
                open.retain(|other| *other != address);
                addresses.extend(open);
                addresses.extend(waiting);
                return Ok(stream);
            }
            Some((address, Err(error))) => {
                open.retain(|other| *other != address);
                reasons.push(format!("{address}: {error}"));
            }
            None => return Err(reasons.join("; ")),
        }
    }
}

async fn connect_to(address: SocketAddr, limit: Duration) -> io::Result<TcpStream> {
    let stream = timeout(limit, TcpStream::connect(address)).await.map_err(|_| {
        let reason = format!("no answer within {} seconds", limit.as_secs());
        io::Error::new(io::ErrorKind::TimedOut, reason)
    })??;
    // A conversation is short lines in turns.
    stream.set_nodelay(true)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn families_take_turns() {
        let found = list(&["[::1]:1", "[::2]:1", "[::2]:1", "192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1"]);
        let tried = list(&["[::1]:1", "192.0.2.1:1", "[::2]:1", "192.0.2.2:1", "192.0.2.3:1"]);
        assert_eq!(interleaved(found), tried);
        assert_eq!(interleaved(list(&["192.0.2.1:1"])), list(&["192.0.2.1:1"]));
        assert_eq!(interleaved(vec![]), vec![]);
    }

    #[tokio::test]
    async fn an_address_that_refuses_does_not_keep_from_the_next() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = listener.local_addr().unwrap();
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut addresses = vec![closed, good];
        let stream = connect(&mut addresses, &Limits::default()).await.unwrap();
        assert_eq!((stream.peer_addr().unwrap(), addresses), (good, vec![]));
        let reason = connect(&mut vec![closed], &Limits::default()).await.unwrap_err();
        assert!(reason.starts_with(&closed.to_string()), "{reason}");
    }

    /// A listener whose queue is full: what knocks gets no answer.
    async fn black_hole() -> (tokio::net::TcpListener, Vec<TcpStream>) {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut waiting = Vec::new();
        while let Ok(stream) = timeout(Duration::from_millis(300), TcpStream::connect(address)).await {
            waiting.push(stream.unwrap());
        }
        (listener, waiting)
    }

    #[tokio::test]
    async fn a_black_hole_costs_a_moment() {
        let (hole, _waiting) = black_hole().await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (hole, good) = (hole.local_addr().unwrap(), listener.local_addr().unwrap());
        let mut addresses = vec![hole, good];
        let began = std::time::Instant::now();
        let stream = connect(&mut addresses, &Limits::default()).await.unwrap();
        // The hole may still come to life.
        assert_eq!((stream.peer_addr().unwrap(), addresses), (good, vec![hole]));
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        let limits = Limits { connect: Duration::from_millis(200), ..Limits::default() };
        let reason = connect(&mut vec![hole], &limits).await.unwrap_err();
        assert!(reason.contains("no answer"), "{reason}");
    }

    #[tokio::test]
    async fn hosts_are_names_and_addresses() {
        let limits = Limits::default();
        for host in ["localhost", "localhost.", "127.0.0.1", "::1"] {
            let found = addresses(host, 25, &limits).await.unwrap();
            assert!(found.iter().all(|address| address.ip().is_loopback() && address.port() == 25), "{host}");
        }
        assert!(addresses("no-such-host.invalid", 25, &limits).await.is_err());
    }
}
