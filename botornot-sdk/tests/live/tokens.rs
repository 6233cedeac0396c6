//! Minting a token (spec, "Auth + Token Management").

use botornot_sdk::mint_token;
use botornot_sdk::sdk_core::error::{ErrorKind, codes};

use super::host::Host;

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test(start_paused = true)]
async fn a_token_is_minted_with_the_users_session() {
    let host = Host::start().await;
    let answer = ok(r#"{"data":{"token":"agt_fresh_t0ken"}}"#);
    let (minted, request) =
        tokio::join!(mint_token(host.url(), "_session=c00kie"), host.answer_http(&answer));
    assert!(request.starts_with("POST /api/agents/token HTTP/1.1\r\n"), "{request}");
    assert!(request.to_lowercase().contains("\r\ncookie: _session=c00kie\r\n"), "{request}");
    let minted = minted.unwrap();
    assert_eq!(minted.token().unwrap().expose(), "agt_fresh_t0ken");
    assert!(!format!("{minted:?}").contains("fresh"));

    let answer = ok("<html>welcome</html>");
    let (minted, _) = tokio::join!(mint_token(host.url(), "_session=c00kie"), host.answer_http(&answer));
    let botornot_sdk::MintedToken::Unrecognised(body) = minted.unwrap() else { panic!() };
    assert_eq!(body.expose(), "<html>welcome</html>");
}

#[tokio::test(start_paused = true)]
async fn a_refused_session_is_typed_and_a_malformed_one_is_not_sent() {
    let host = Host::start().await;
    let answer = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 16\r\n\r\n_session=c00kie!";
    let (minted, _) = tokio::join!(mint_token(host.url(), "_session=c00kie"), host.answer_http(answer));
    let error = minted.unwrap_err();
    assert!(error.is_auth());
    assert!(!format!("{} {error:?}", error.chain()).contains("c00kie"));
    for malformed in ["", "c00kie", "=x", "a=", "a=b\r\nX-Evil: 1"] {
        let error = mint_token(host.url(), malformed).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.field()),
            (ErrorKind::Misuse, Some("session_cookie")),
            "{malformed:?}"
        );
    }
    let error = mint_token("ws://10.0.0.1", "_session=c00kie").await.unwrap_err();
    assert_eq!(error.code(), &codes::INSECURE_URL);
}
