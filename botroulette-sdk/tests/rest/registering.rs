//! Step 1 of the guide: registering, and changing the listing.

use botroulette_sdk::model::{ListingUpdate, RegisterOptions, Registration, Warning, check_name};
use botroulette_sdk::sdk_core::error::codes as core_codes;
use botroulette_sdk::{Client, Host, Registrar, Sent};
use serde_json::{Value, json};

use crate::scripted::{Answer, Server, answer, json};

const REGISTER_REQUEST: &str = include_str!("../fixtures/spec/register_request.json");
const REGISTER_RESPONSE: &str = include_str!("../fixtures/spec/register_response.json");
const UPDATE: &str = include_str!("../fixtures/spec/update.json");
const KEY: &str = "kp_live_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

fn zeph() -> Registration {
    Registration::new("Zeph", "Finds recipes for leftovers in the fridge", "Utilities", "zeph@botmakers.net")
}

#[tokio::test(start_paused = true)]
async fn a_registration_is_the_documented_one() {
    let server = Server::start(vec![json(200, REGISTER_RESPONSE)]).await;
    let registered = server.registrar().register(&zeph()).await.unwrap();
    assert_eq!(registered.service_code.as_str(), "your_bot_name");
    assert_eq!(registered.api_key.expose(), KEY);
    assert_eq!(registered.tunnel_url.as_deref(), Some("https://your_bot_name.tunnel.botroulette.net"));
    assert_eq!(registered.proxy_url.as_deref(), Some("https://api.botroulette.net/api/proxy/your_bot_name"));
    assert_eq!(registered.message.as_deref(), Some("IMPORTANT: Save your API key now."));
    assert!(!format!("{registered:?}").contains(KEY));

    let call = &server.calls()[0];
    assert_eq!(call.line, "POST /api/v1/agents/register");
    assert_eq!(call.header("x-api-key"), None);
    let documented: Value = serde_json::from_str(REGISTER_REQUEST).unwrap();
    let sent = call.json();
    for (field, value) in documented.as_object().unwrap() {
        assert!(sent[field].is_string(), "{field}");
        if field.ends_with("_format") || field == "category" {
            assert_eq!(&sent[field], value);
        }
    }
    assert_eq!(sent.as_object().unwrap().len(), documented.as_object().unwrap().len(), "{sent}");
}

#[tokio::test(start_paused = true)]
async fn the_guides_placeholders_are_refused_before_anything_is_sent() {
    let server = Server::start(vec![json(200, REGISTER_RESPONSE)]).await;
    let documented: Value = serde_json::from_str(REGISTER_REQUEST).unwrap();
    let text = |field: &str| documented[field].as_str().unwrap().to_owned();
    let as_it_stands =
        Registration::new(text("name"), text("description"), text("category"), text("contact_email"));
    let error = server.registrar().register(&as_it_stands).await.unwrap_err();
    assert_eq!((error.code(), error.field()), (&core_codes::INVALID_ARGUMENT, Some("name")));
    let error = Registration { name: "Zeph".into(), ..as_it_stands }.check().unwrap_err();
    assert_eq!(error.field(), Some("contact_email"));
    assert!(server.calls().is_empty());
}

#[test]
fn every_rule_names_its_field_and_limit() {
    type Change = fn(&mut Registration);
    let long = "x".repeat(301);
    let changes: [(&str, &str, Change); 22] = [
        ("name", "needs a name", |bot| bot.name = String::new()),
        ("name", "25", |bot| bot.name = "N".repeat(26)),
        ("name", "underscore", |bot| bot.name = "my_bot".into()),
        ("name", "blank", |bot| bot.name = "My Bot".into()),
        ("name", "`'`", |bot| bot.name = "Dave'sBot".into()),
        ("name", "`ü`", |bot| bot.name = "Zürich".into()),
        ("name", "hyphen", |bot| bot.name = "-zeph".into()),
        ("description", "10 to 300", |bot| bot.description = "too short".into()),
        ("description", "10 to 300", |bot| bot.description = " short   ".to_owned()),
        ("category", "category", |bot| bot.category = " ".into()),
        ("contact_email", "`@`", |bot| bot.contact_email = "YOUR_EMAIL".into()),
        ("contact_email", "domain", |bot| bot.contact_email = "me@host".into()),
        ("contact_email", "domain", |bot| bot.contact_email = "me@.net".into()),
        ("contact_email", "domain", |bot| bot.contact_email = "me@a..net".into()),
        ("contact_email", "one name", |bot| bot.contact_email = "@host.net".into()),
        ("contact_email", "one name", |bot| bot.contact_email = "a@b@host.net".into()),
        ("contact_email", "blanks", |bot| bot.contact_email = "me @host.net".into()),
        ("request_format", "not JSON", |bot| bot.request_format = "{message: string}".into()),
        ("response_format", "object", |bot| bot.response_format = "[1]".into()),
        ("endpoint_url", "https://", |bot| bot.endpoint_url = Some("ftp://host.net".into())),
        ("endpoint_url", "password", |bot| bot.endpoint_url = Some("https://u:p@host.net".into())),
        ("industries", "empty", |bot| bot.industries = vec![String::new()]),
    ];
    for (field, words, change) in changes {
        let mut bot = zeph();
        change(&mut bot);
        let error = bot.check().unwrap_err();
        assert_eq!((error.code(), error.field()), (&core_codes::INVALID_ARGUMENT, Some(field)), "{bot:?}");
        assert!(error.message().contains(words), "{error} does not say {words}");
    }
    assert!(Registration { description: long, ..zeph() }.check().is_err());
    for good in ["Zeph", "CaptainLogic", "x", "a-b", &"N".repeat(25)] {
        check_name(good).unwrap();
    }
    assert!(Registration { description: "é".repeat(300), ..zeph() }.check().is_ok(), "characters, not bytes");
}

#[test]
fn forgettable_names_and_the_like_are_warned_of_and_allowed() {
    assert_eq!(zeph().warnings(), []);
    for (name, word) in [
        ("test-bot", Some("bot")),
        ("my-assistant", Some("my")),
        ("OpenAIBot", Some("bot")),
        ("DavesBot", Some("bot")),
        ("MyAgent", Some("my")),
        ("Nova", None),
        ("Pixel", None),
        ("CaptainLogic", None),
        ("Botticelli", None),
        ("Testarossa", None),
    ] {
        let bot = Registration { name: name.into(), ..zeph() };
        bot.check().unwrap();
        let expected: Vec<_> = word.map(|word| Warning::ForgettableName { word }).into_iter().collect();
        assert_eq!(bot.warnings(), expected, "{name}");
    }
    let vague = Registration { description: "a helpful bot".into(), ..zeph() };
    assert_eq!(vague.warnings(), [Warning::VagueDescription]);
    for email in ["me@example.com", "me@mail.example.org", "me@Mailinator.com"] {
        let bot = Registration { contact_email: email.into(), ..zeph() };
        assert_eq!(bot.warnings(), [Warning::UnreachableEmail], "{email}");
        assert!(!bot.warnings()[0].to_string().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn options_are_read_in_every_likely_shape_and_checked_against() {
    for shape in [
        json!({"categories": ["Utilities", "Fun"], "industries": ["Food"], "regions": ["Global"]}),
        json!({"success": true, "options": {"categories": [{"id": 1, "name": "Utilities"}, {"name": "Fun"}],
               "industries": [{"value": "Food"}], "regions": [{"code": "Global"}]}}),
        json!({"category": ["Utilities", "Fun"], "industry": ["Food"], "region": ["Global"]}),
    ] {
        let server = Server::start(vec![json(200, &shape.to_string())]).await;
        let options = server.registrar().options().await.unwrap();
        assert_eq!(server.lines(), ["GET /api/v1/agents/register/options"]);
        assert_eq!(options.categories, ["Utilities", "Fun"], "{shape}");
        assert_eq!((options.industries.len(), options.regions.len()), (1, 1));
        zeph().check_against(&options).unwrap();
        let wrong = [
            Registration { category: "Utilties".into(), ..zeph() },
            Registration { industries: vec!["Food".into(), "Wood".into()], ..zeph() },
            Registration { regions: vec!["Mars".into()], ..zeph() },
        ];
        for (bot, field) in wrong.iter().zip(["category", "industries", "regions"]) {
            let error = bot.check_against(&options).unwrap_err();
            assert_eq!(error.field(), Some(field));
            assert!(error.message().contains("is not among"), "{error}");
        }
        let update = ListingUpdate::new().category("Nonsense");
        assert_eq!(update.check_against(&options).unwrap_err().field(), Some("category"));
    }
    // What the platform did not tell is not checked.
    zeph().check_against(&RegisterOptions::default()).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_registration_is_never_sent_twice_and_a_lost_one_says_what_to_do() {
    for (script, sent) in [
        (Answer::Vanish, Sent::Maybe),
        (json(503, "{}"), Sent::Yes),
        (json(200, "<html>"), Sent::Yes),
        (json(200, r#"{"success":true}"#), Sent::Yes),
    ] {
        let server = Server::start(vec![script]).await;
        let error = server.registrar().register(&zeph()).await.unwrap_err();
        assert_eq!((server.calls().len(), error.sent()), (1, sent), "{error}");
        assert!(error.message().contains("rotate the key"), "{error}");
    }
    for refusal in
        [json(409, r#"{"error":"Name is taken"}"#), json(200, r#"{"success":false,"error":"Name is taken"}"#)]
    {
        let server = Server::start(vec![refusal]).await;
        let error = server.registrar().register(&zeph()).await.unwrap_err();
        assert!(error.message().contains("Name is taken") && !error.message().contains("rotate"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_error_shows_the_new_key() {
    let broken = REGISTER_RESPONSE.replace("\"your_bot_name\"", "[7]");
    for script in [
        json(200, &broken),
        json(200, REGISTER_RESPONSE.split("\",\n  \"tunnel_url").next().unwrap()),
        json(500, REGISTER_RESPONSE),
        answer(502, "Content-Type: text/plain\r\n", REGISTER_RESPONSE),
    ] {
        let server = Server::start(vec![script]).await;
        let error = server.registrar().register(&zeph()).await.unwrap_err();
        assert!(!format!("{error} {error:?} {}", error.chain()).contains("xxxx"), "{error:?}");
        assert!(error.body().is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_listing_is_changed_by_what_was_set_alone() {
    let server = Server::start(vec![json(200, r#"{"success":true}"#)]).await;
    let client = server.client();
    client.update_listing(&ListingUpdate::new().description("Updated description")).await.unwrap();
    let call = &server.calls()[0];
    assert_eq!(call.line, "PATCH /api/v1/agents/me");
    assert_eq!(call.header("x-api-key").as_deref(), Some(crate::scripted::KEY));
    assert_eq!(call.json(), serde_json::from_str::<Value>(UPDATE).unwrap());

    let all = ListingUpdate::new()
        .description("Finds recipes")
        .category("Fun")
        .request_format("{}")
        .response_format("{}")
        .industries(["Food"])
        .regions(Vec::<String>::new())
        .active(false);
    client.update_listing(&all).await.unwrap();
    assert_eq!(
        server.calls()[1].json(),
        json!({"description": "Finds recipes", "category": "Fun", "request_format": "{}", "response_format": "{}",
               "industries": ["Food"], "regions": [], "is_active": false})
    );

    for (field, update) in [
        ("update", ListingUpdate::new()),
        ("description", ListingUpdate::new().description("short")),
        ("category", ListingUpdate::new().category("")),
        ("request_format", ListingUpdate::new().request_format("x")),
        ("response_format", ListingUpdate::new().response_format("7")),
        ("industries", ListingUpdate::new().industries([" "])),
        ("regions", ListingUpdate::new().regions([""])),
    ] {
        assert_eq!(client.update_listing(&update).await.unwrap_err().field(), Some(field));
    }
    assert_eq!(server.calls().len(), 2, "nothing was sent");
}

#[test]
fn keys_go_to_no_other_machine_in_the_clear_and_hosts_are_the_documented_ones() {
    assert_eq!(Registrar::new("http://10.0.0.1").unwrap_err().code(), &core_codes::INSECURE_URL);
    let insecure = Client::builder("k").url("http://10.0.0.1").build().unwrap_err();
    assert_eq!(insecure.code(), &core_codes::INSECURE_URL);
    let client = Client::builder("k").host(Host::Production).build().unwrap();
    assert_eq!(client.shown_url(), "https://api.botroulette.net/");
    assert_eq!(client.shown_tunnel_url(), "wss://tunnel.botroulette.net/ws");
    assert!(!client.is_local());
}
