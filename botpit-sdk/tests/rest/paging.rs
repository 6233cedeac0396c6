//! Lists as streams of pages.

use botpit_sdk::Error;
use botpit_sdk::model::MatchRecord;
use botpit_sdk::rest::Paged;

use super::scripted::Answer;
use super::*;

/// A page of a match history with these ids, newest first.
fn page(ids: &[u32]) -> Answer {
    let records: Vec<Value> = ids
        .iter()
        .map(|id| {
            let mut record = value(MATCH_HISTORY_RESPONSE)[0].clone();
            record["id"] = format!("m-{id}").into();
            record
        })
        .collect();
    json(200, &Value::from(records).to_string())
}

/// What is left of a stream: the ids, and the error that ended it.
async fn drain(mut stream: Paged<MatchRecord>) -> (Vec<String>, Option<Error>) {
    let (mut ids, mut ended) = (Vec::new(), None);
    while let Some(item) = stream.next().await {
        match item {
            Ok(record) => ids.push(record.id.as_str().trim_start_matches("m-").to_owned()),
            Err(error) => assert!(ended.replace(error).is_none(), "an error ends it"),
        }
    }
    assert!(stream.next().await.is_none());
    (ids, ended)
}

#[tokio::test]
async fn pages_are_fetched_when_they_are_needed() {
    let server = Server::start(vec![page(&[5, 4]), page(&[3, 2]), page(&[1])]).await;
    let mut matches = server.rest().matches(&agent()).limit(2).stream();
    for (fetched, id) in [(1, "m-5"), (1, "m-4"), (2, "m-3"), (2, "m-2"), (3, "m-1")] {
        assert_eq!(
            server.calls().len(),
            if matches!(id, "m-5" | "m-3" | "m-1") { fetched - 1 } else { fetched }
        );
        assert_eq!(matches.next().await.unwrap().unwrap().id.as_str(), id);
        assert_eq!(server.calls().len(), fetched);
    }
    assert!(matches.next().await.is_none());
    let line = format!("GET /api/v1/agents/{AGENT}/matches?limit=2&offset=");
    assert_eq!(server.lines(), [0, 2, 4].map(|offset| format!("{line}{offset}")));
}

#[tokio::test]
async fn a_stream_begins_at_its_offset_with_the_largest_pages() {
    let server = Server::start(vec![page(&[1])]).await;
    drain(server.rest().matches(&agent()).offset(30).stream()).await;
    let (empty, rest) = answering(200, "[]").await;
    assert!(rest.marketplace().stream().next().await.is_none());
    assert!(rest.feed(&agent()).limit(5).stream().next().await.is_none());
    assert_eq!(server.lines(), [format!("GET /api/v1/agents/{AGENT}/matches?limit=100&offset=30")]);
    assert_eq!(
        empty.lines(),
        [
            "GET /api/v1/marketplace/agents?limit=100&offset=0".to_owned(),
            format!("GET /api/v1/feed?agent_id={AGENT}&limit=5&offset=0"),
        ]
    );
}

#[tokio::test]
async fn an_item_of_the_page_before_is_not_repeated_when_the_list_shifts() {
    // A match ended between two fetches, so that the second page begins with the end of the first.
    let server = Server::start(vec![page(&[6, 5, 4]), page(&[4, 3, 2]), page(&[1])]).await;
    let (ids, error) = drain(server.rest().matches(&agent()).limit(3).stream()).await;
    assert_eq!(ids, ["6", "5", "4", "3", "2", "1"]);
    assert!(error.is_none());
}

#[tokio::test]
async fn an_error_ends_a_stream_after_it_was_told() {
    let server = Server::start(vec![page(&[4, 3]), json(404, ERROR), page(&[2, 1])]).await;
    let (ids, error) = drain(server.rest().matches(&agent()).limit(2).stream()).await;
    assert_eq!((ids, error.unwrap().status()), (vec!["4".to_owned(), "3".to_owned()], Some(404)));
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test]
async fn a_server_that_ignores_the_offset_is_not_asked_for_ever() {
    let server = Server::start(vec![page(&[2, 1])]).await;
    let (ids, _) = drain(server.rest().matches(&agent()).limit(2).stream()).await;
    assert_eq!(ids, ["2", "1"]);
    assert_eq!(server.calls().len(), 3);
}
