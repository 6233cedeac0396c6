//! TLS against a server of one's own: what is trusted, what is refused, what is offered, and how an end that was cut off
//! is told from one that was meant.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests"
)]

mod probe;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use probe::{Bot, Told, dial};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use sdk_core::error::{Error, Sent, codes};
use sdk_core::http::Http;
use sdk_core::network::Network;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// A certificate authority that no machine knows.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn trusted(&self) -> Network {
        Network::new().root_certificate_pem(self.0.pem().as_bytes()).unwrap()
    }

    fn signs(&self, params: &CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Identity { certificate: certificate.der().clone(), key: key.serialize_der() }
    }
}

/// A server's certificate and its key.
struct Identity {
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2120, 1, 1);
    params
}

fn good(authority: &Authority) -> Identity {
    authority.signs(&params("127.0.0.1"))
}

/// How the server's part of a connection ends.
#[derive(Clone, Copy, PartialEq)]
enum End {
    /// With TLS's own goodbye.
    Polite,
    /// TCP ends, and TLS has not said so.
    Cut,
    /// Not at all.
    Open,
}

#[derive(Clone)]
struct Answers {
    /// After the upgrade's 101, as bytes on the wire.
    frames: &'static [u8],
    /// The answer to everything else.
    rest: &'static str,
    end: End,
}

const HELLO: &[u8] = b"\x81\x05hello";

impl Answers {
    fn new(end: End) -> Self {
        Self { frames: HELLO, rest: "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n7", end }
    }
}

/// What the server saw.
#[derive(Default)]
struct Seen {
    offered: Vec<Vec<Vec<u8>>>,
    chosen: Vec<Option<Vec<u8>>>,
    requests: Vec<String>,
}

struct Server {
    addr: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

impl Server {
    async fn start(identity: Identity, protocols: &[&str], answers: Answers) -> Self {
        let mut config =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![identity.certificate], PrivatePkcs8KeyDer::from(identity.key).into())
                .unwrap();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self { addr: listener.local_addr().unwrap(), seen: Arc::default() };
        let seen = server.seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                tokio::spawn(serve(stream, config.clone(), answers.clone(), seen.clone()));
            }
        });
        server
    }

    fn bot(&self, network: &Network) -> Bot {
        Bot::new(dial(&format!("wss://{}/ws", self.addr)), network.clone())
    }

    fn http(&self, network: &Network) -> Http {
        let base = format!("https://{}", self.addr).parse().unwrap();
        Http::builder(base).network(network.clone()).seed(1).build().unwrap()
    }

    fn requests(&self) -> Vec<String> {
        self.seen.lock().unwrap().requests.clone()
    }
}

async fn serve(stream: TcpStream, config: Arc<ServerConfig>, answers: Answers, seen: Arc<Mutex<Seen>>) {
    let acceptor = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream);
    let Ok(start) = acceptor.await else { return };
    let offered = start.client_hello().alpn().into_iter().flatten().map(<[u8]>::to_vec).collect();
    seen.lock().unwrap().offered.push(offered);
    let Ok(mut tls) = start.into_stream(config).await else { return };
    let chosen = tls.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
    seen.lock().unwrap().chosen.push(chosen);

    let Some(head) = read_head(&mut tls).await else { return };
    let key = head.lines().find_map(|line| line.strip_prefix("sec-websocket-key: ")).map(str::to_owned);
    seen.lock().unwrap().requests.push(head);
    if let Some(key) = key {
        let accept = derive_accept_key(key.as_bytes());
        let head = format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        tls.write_all(head.as_bytes()).await.unwrap();
        tls.write_all(answers.frames).await.unwrap();
    } else {
        tls.write_all(answers.rest.as_bytes()).await.unwrap();
    }
    tls.flush().await.unwrap();
    match answers.end {
        End::Polite => tls.shutdown().await.unwrap(),
        End::Cut => tls.get_mut().0.shutdown().await.unwrap(),
        End::Open => {}
    }
    // Whatever the client still says is read, so that its side does not end in a reset.
    while tls.read_u8().await.is_ok() {}
}

async fn read_head(tls: &mut TlsStream<TcpStream>) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(tls.read_u8().await.ok()?);
    }
    Some(String::from_utf8(head).unwrap())
}

/// Runs with the process's default crypto provider untouched: another crate may bring a second provider, and then a
/// library that relies on the default panics.
fn no_default_provider() {
    assert!(CryptoProvider::get_default().is_none(), "a library must not choose for the whole process");
}

#[tokio::test(start_paused = true)]
async fn an_authority_of_ones_own_is_trusted_by_socket_and_rest() {
    no_default_provider();
    let authority = Authority::new();
    let server = Server::start(good(&authority), &[], Answers::new(End::Open)).await;
    let network = authority.trusted();

    let mut bot = server.bot(&network);
    assert!(matches!(bot.next().await, Told::Opened));
    assert!(matches!(bot.next().await, Told::Text(text) if text == "hello"));
    assert_eq!(server.http(&network).get(&["x"]).send_json::<u8>().await.unwrap(), 7);
    assert_eq!(server.requests().len(), 2);
    no_default_provider();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_not_the_one_is_refused_before_anything_is_said() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let mut expired = params("127.0.0.1");
    expired.not_after = date_time_ymd(2021, 1, 1);
    let mut too_new = params("127.0.0.1");
    too_new.not_before = date_time_ymd(2119, 1, 1);
    let key = KeyPair::generate().unwrap();
    let own = params("127.0.0.1").self_signed(&key).unwrap();
    for (what, identity) in [
        ("unknown authority", good(&stranger)),
        ("another host's name", authority.signs(&params("api.example"))),
        ("another address", authority.signs(&params("127.0.0.2"))),
        ("expired", authority.signs(&expired)),
        ("not valid yet", authority.signs(&too_new)),
        ("self-signed", Identity { certificate: own.der().clone(), key: key.serialize_der() }),
    ] {
        let server = Server::start(identity, &[], Answers::new(End::Open)).await;
        for network in [authority.trusted(), authority.trusted().allow_plaintext(true)] {
            let lost = server.bot(&network).lost().await;
            let called = server.http(&network).post(&["x"]).send().await.unwrap_err();
            for error in [lost, called] {
                assert_eq!(
                    (error.code(), error.sent()),
                    (&codes::TLS_FAILED, Sent::No),
                    "{what}: {}",
                    error.chain()
                );
                assert!(error.chain().to_lowercase().contains("certificate"), "{what}: {}", error.chain());
            }
        }
        assert!(server.requests().is_empty(), "{what}");
    }
    no_default_provider();
}

#[tokio::test(start_paused = true)]
async fn http_1_1_alone_is_offered_also_to_a_server_that_has_http_2() {
    let authority = Authority::new();
    let network = authority.trusted();
    let server = Server::start(good(&authority), &["h2", "http/1.1"], Answers::new(End::Open)).await;
    assert!(matches!(server.bot(&network).next().await, Told::Opened));
    assert_eq!(server.http(&network).get(&["x"]).send_json::<u8>().await.unwrap(), 7);
    {
        let seen = server.seen.lock().unwrap();
        assert_eq!(seen.offered, vec![vec![b"http/1.1".to_vec()]; 2]);
        assert_eq!(seen.chosen, vec![Some(b"http/1.1".to_vec()); 2]);
    }

    let server = Server::start(good(&authority), &["h2"], Answers::new(End::Open)).await;
    assert_eq!(server.bot(&network).lost().await.code(), &codes::TLS_FAILED);
    assert_eq!(server.http(&network).post(&["x"]).send().await.unwrap_err().code(), &codes::TLS_FAILED);
    no_default_provider();
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_is_cut_off_is_lost_and_half_a_frame_never_surfaces() {
    let authority = Authority::new();
    for (end, frames) in [
        (End::Cut, HELLO),
        (End::Polite, HELLO),
        (End::Cut, b"\x81\x05hello\x81\x05hel".as_slice()),
        (End::Polite, b"\x81\x05hello\x81\x05hel".as_slice()),
    ] {
        let answers = Answers { frames, ..Answers::new(end) };
        let server = Server::start(good(&authority), &[], answers).await;
        let mut bot = server.bot(&authority.trusted());
        assert!(matches!(bot.next().await, Told::Opened));
        assert!(matches!(bot.next().await, Told::Text(text) if text == "hello"));
        let lost = bot.lost().await;
        assert_eq!((lost.code(), lost.close_code()), (&codes::CONNECTION_LOST, None), "{}", lost.chain());
        assert!(matches!(bot.next().await, Told::Waiting(_)), "it is dialled again");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_cut_off_is_no_answer() {
    let authority = Authority::new();
    let call = async |rest, end| -> Result<u32, Error> {
        let answers = Answers { rest, ..Answers::new(end) };
        let server = Server::start(good(&authority), &[], answers).await;
        server.http(&authority.trusted()).post(&["x"]).send_json::<u32>().await
    };
    // A body that ends with the connection: `1` may be the beginning of `12`, unless TLS says that it was all.
    let until_the_end = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n1";
    assert_eq!(call(until_the_end, End::Polite).await.unwrap(), 1);
    for (rest, end) in [
        (until_the_end, End::Cut),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n1", End::Cut),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n1", End::Polite),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n1\r\n", End::Polite),
    ] {
        let error = call(rest, end).await.unwrap_err();
        assert_eq!(
            (error.code(), error.status(), error.sent()),
            (&codes::CONNECTION_LOST, Some(200), Sent::Yes),
            "{rest:?}: {}",
            error.chain()
        );
    }
}
