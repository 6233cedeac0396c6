//! The one server that requests go to.
//!
//! A request's own words never choose where it goes: the address is settled when the forwarder is made, and the connector
//! dials it whatever URI it is given.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use http::uri::Authority;
use hyper_util::rt::TokioIo;
use sdk_core::error::{Error, Result, codes};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower_service::Service;

/// A server's address, settled once.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// What the `Host` header says.
    pub(super) authority: Authority,
    /// Where the name leads; tried in this order.
    addresses: Arc<[SocketAddr]>,
}

impl Target {
    /// Reads `127.0.0.1:8900`, `localhost:8900`, `[::1]:8900`, a port alone, or one of these behind `http://`.
    pub(super) fn read(text: &str, beyond_this_machine: bool) -> Result<Self> {
        let wrong = |what: &str| Error::invalid_config("target", format!("the target {what}"));
        let text = text.trim();
        let address = text.strip_prefix("http://").unwrap_or(text);
        let address = address.strip_suffix('/').unwrap_or(address);
        if address.contains("://") {
            return Err(wrong("is not HTTP: it is a server of your own, such as 127.0.0.1:8900"));
        }
        let with_host = if address.bytes().all(|byte| byte.is_ascii_digit()) {
            format!("127.0.0.1:{address}")
        } else {
            address.to_owned()
        };
        if with_host.contains(['@', '/', '?', '#', '\\', '%']) {
            return Err(wrong("is an address such as 127.0.0.1:8900, without a path and without a user"));
        }
        let authority: Authority = with_host.parse().map_err(|_| wrong("is no address"))?;
        let port = authority.port_u16().filter(|port| *port != 0);
        let port = port.ok_or_else(|| wrong("has no port: say 127.0.0.1:8900"))?;
        let host = authority.host();
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let addresses: Vec<SocketAddr> = if host.eq_ignore_ascii_case("localhost") {
            // Asked of nobody: some servers listen on one of the two alone.
            let both = [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()];
            both.map(|ip| SocketAddr::new(ip, port)).to_vec()
        } else if let Ok(ip) = bare.parse::<IpAddr>() {
            vec![SocketAddr::new(ip, port)]
        } else if beyond_this_machine {
            let unknown = |error| wrong("has a name that nobody knows").with_source(error);
            (bare, port).to_socket_addrs().map_err(unknown)?.collect()
        } else {
            return Err(Self::refused(host));
        };
        if addresses.is_empty() {
            return Err(wrong("has a name without an address"));
        }
        if !beyond_this_machine && !addresses.iter().all(|address| address.ip().is_loopback()) {
            return Err(Self::refused(host));
        }
        Ok(Self { authority, addresses: addresses.into() })
    }

    fn refused(host: &str) -> Error {
        let what = format!(
            "{host} is another machine, and strangers' requests go to this one alone: \
             Forwarder::to_another_machine allows it"
        );
        Error::invalid_config("target", what)
    }
}

/// Dials the target.
#[derive(Clone)]
pub(super) struct Connector {
    pub(super) target: Target,
    pub(super) patience: Duration,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Connector").field(&self.target).finish()
    }
}

/// The future of a dial.
type Dialling = Pin<Box<dyn Future<Output = Result<TokioIo<TcpStream>>> + Send>>;

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = Error;
    type Future = Dialling;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Dialling {
        let Self { target, patience } = self.clone();
        Box::pin(async move {
            let mut last = None;
            for address in target.addresses.iter() {
                match timeout(patience, TcpStream::connect(address)).await {
                    Ok(Ok(stream)) => {
                        // Without it the kernel may hold a request back; a system that refuses still works.
                        let _ = stream.set_nodelay(true);
                        return Ok(TokioIo::new(stream));
                    }
                    Ok(Err(error)) => {
                        last = Some(Error::new(&codes::CONNECT_FAILED, format!("{address}: {error}")));
                    }
                    Err(_) => {
                        let what = format!("{address} did not answer within {} ms", patience.as_millis());
                        last = Some(Error::new(&codes::CONNECT_TIMEOUT, what));
                    }
                }
            }
            Err(last.unwrap_or_else(|| Error::new(&codes::CONNECT_FAILED, "there is no address")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_read_in_every_spelling() {
        for (text, authority, first) in [
            ("127.0.0.1:8900", "127.0.0.1:8900", "127.0.0.1:8900"),
            (" http://127.0.0.1:8900/ ", "127.0.0.1:8900", "127.0.0.1:8900"),
            ("8900", "127.0.0.1:8900", "127.0.0.1:8900"),
            ("localhost:80", "localhost:80", "127.0.0.1:80"),
            ("[::1]:8900", "[::1]:8900", "[::1]:8900"),
            ("127.8.8.8:1", "127.8.8.8:1", "127.8.8.8:1"),
        ] {
            let target = Target::read(text, false).unwrap();
            assert_eq!(target.authority, authority);
            assert_eq!(target.addresses[0], first.parse().unwrap());
        }
        assert_eq!(Target::read("localhost:80", false).unwrap().addresses.len(), 2);
    }

    #[test]
    fn what_is_no_server_on_this_machine_is_refused() {
        for text in [
            "",
            "127.0.0.1",
            "127.0.0.1:0",
            "99999",
            ":8900",
            "https://127.0.0.1:8900",
            "http://127.0.0.1:8900/path",
            "user@127.0.0.1:8900",
            "127.0.0.1:8900@evil.example:80",
            "127.0.0.1:8900\\@evil.example",
            "127.0.0.1:8900?x",
            "evil.example:80",
            "localhost.evil.example:80",
            "10.0.0.1:80",
            "0.0.0.0:80",
            "[::]:80",
            "169.254.169.254:80",
        ] {
            let error = Target::read(text, false).unwrap_err();
            assert_eq!(error.field(), Some("target"), "{text}");
        }
        assert!(Target::read("10.0.0.1:80", true).is_ok());
        assert!(Target::read("https://10.0.0.1:80", true).is_err());
    }
}
