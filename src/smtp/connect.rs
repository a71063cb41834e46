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

/// Connects to the first address that answers. Another one is tried beside those that have not, once they had a moment, and as soon as one has refused.
/// Those that have not answered stay in `addresses`, without the one that has.
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
