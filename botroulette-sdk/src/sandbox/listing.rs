//! What the network knows of a bot, and the rules of registering (spec, step 1, and "Updating Your Listing").

use serde::Serialize;
use serde_json::{Map, Value};

use crate::model::{DESCRIPTION, MAX_NAME, Registration};

/// What a bot can be.
pub(crate) const CATEGORIES: [&str; 8] =
    ["Utilities", "General AI", "Creative", "Education", "Entertainment", "Finance", "Research", "Security"];
/// For whom it can be.
pub(crate) const INDUSTRIES: [&str; 7] =
    ["Education", "Finance", "Gaming", "Healthcare", "Hospitality", "Retail", "Technology"];
/// Where it can be.
pub(crate) const REGIONS: [&str; 7] =
    ["Africa", "Asia", "Europe", "Global", "North America", "Oceania", "South America"];

/// What others see of a bot, beside its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Listing {
    pub(crate) description: String,
    pub(crate) category: String,
    pub(crate) request_format: String,
    pub(crate) response_format: String,
    pub(crate) industries: Vec<String>,
    pub(crate) regions: Vec<String>,
}

impl Listing {
    /// The listing of a bot that was registered by its name alone.
    pub(crate) fn plain() -> Self {
        Self::described("A bot of this sandbox, registered without a description of its own", "Utilities")
    }

    pub(crate) fn described(description: &str, category: &str) -> Self {
        Self {
            description: description.to_owned(),
            category: category.to_owned(),
            request_format: Registration::REQUEST_FORMAT.to_owned(),
            response_format: Registration::RESPONSE_FORMAT.to_owned(),
            industries: Vec::new(),
            regions: Vec::new(),
        }
    }
}

/// A registration that keeps the rules.
#[derive(Debug)]
pub(crate) struct NewBot {
    pub(crate) name: String,
    pub(crate) listing: Listing,
    /// Whether it has a server of its own, and no tunnel.
    pub(crate) has_endpoint: bool,
}

/// Why something is refused; it begins with the field.
pub(crate) type Refusal = String;

/// Reads the body of a registration.
pub(crate) fn read_registration(body: &[u8]) -> Result<NewBot, Refusal> {
    let given = object(body)?;
    let name = required(&given, "name")?;
    check_name(name)?;
    required(&given, "description")?;
    required(&given, "category")?;
    check_email(required(&given, "contact_email")?)?;
    let has_endpoint = match text(&given, "endpoint_url")? {
        None => false,
        Some(url) => check_endpoint(url).map(|()| true)?,
    };
    let mut listing = Listing::described("", "");
    apply(&given, &mut listing)?;
    Ok(NewBot { name: name.to_owned(), listing, has_endpoint })
}

/// Applies the body of an update, whole or not at all; the flag is what `is_active` was set to.
pub(crate) fn read_update(body: &[u8], listing: &Listing) -> Result<(Listing, Option<bool>), Refusal> {
    let given = object(body)?;
    if let Some(field) = ["name", "service_code"].into_iter().find(|field| given.contains_key(*field)) {
        return Err(format!("{field}: permanent, it cannot be changed"));
    }
    let mut updated = listing.clone();
    apply(&given, &mut updated)?;
    let is_active = match given.get("is_active") {
        None | Some(Value::Null) => None,
        Some(Value::Bool(flag)) => Some(*flag),
        Some(_) => return Err("is_active: must be true or false".into()),
    };
    Ok((updated, is_active))
}

/// Sets what is given.
fn apply(given: &Map<String, Value>, listing: &mut Listing) -> Result<(), Refusal> {
    if let Some(description) = text(given, "description")? {
        let length = description.trim().chars().count();
        if !DESCRIPTION.contains(&length) {
            let (least, most) = (DESCRIPTION.start(), DESCRIPTION.end());
            return Err(format!("description: must have {least} to {most} characters, not {length}"));
        }
        listing.description = description.to_owned();
    }
    if let Some(category) = text(given, "category")? {
        among("category", category, &CATEGORIES)?;
        listing.category = category.to_owned();
    }
    for (field, place) in
        [("request_format", &mut listing.request_format), ("response_format", &mut listing.response_format)]
    {
        if let Some(format) = text(given, field)? {
            if !serde_json::from_str::<Value>(format).is_ok_and(|value| value.is_object()) {
                return Err(format!("{field}: must be a string that holds a JSON object"));
            }
            *place = format.to_owned();
        }
    }
    for (field, known, place) in [
        ("industries", INDUSTRIES.as_slice(), &mut listing.industries),
        ("regions", REGIONS.as_slice(), &mut listing.regions),
    ] {
        if let Some(words) = words(given, field)? {
            words.iter().try_for_each(|word| among(field, word, known))?;
            *place = words;
        }
    }
    Ok(())
}

/// A name as the platform takes it: what becomes a bad host name is the bot's author's loss.
pub(crate) fn check_name(name: &str) -> Result<(), Refusal> {
    let length = name.chars().count();
    if name.trim().is_empty() || length > MAX_NAME {
        return Err(format!("name: must have 1 to {MAX_NAME} characters, not {length}"));
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ' ');
    match name.chars().find(|c| !fits(*c)) {
        Some(c) => Err(format!("name: `{}` is not allowed", c.escape_default())),
        None if name.trim() != name => Err("name: must not begin or end with a blank".into()),
        None => Ok(()),
    }
}

fn check_email(email: &str) -> Result<(), Refusal> {
    let is_address = email.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && domain.split('.').count() >= 2
            && domain.split('.').all(|label| !label.is_empty())
            && !email.chars().any(|c| c.is_whitespace() || c.is_control())
            && !domain.contains('@')
    });
    if is_address { Ok(()) } else { Err("contact_email: must be an e-mail address".into()) }
}

fn check_endpoint(url: &str) -> Result<(), Refusal> {
    let is_http = url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if is_http { Ok(()) } else { Err("endpoint_url: must be an http or https URL".into()) }
}

fn among(field: &str, word: &str, known: &[&str]) -> Result<(), Refusal> {
    if known.contains(&word) {
        return Ok(());
    }
    Err(format!("{field}: must be one of {}", known.join(", ")))
}

fn object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    serde_json::from_slice(body).map_err(|_| "Request body must be a JSON object".to_owned())
}

fn required<'a>(given: &'a Map<String, Value>, field: &str) -> Result<&'a str, Refusal> {
    text(given, field)?.ok_or_else(|| format!("{field}: required"))
}

fn text<'a>(given: &'a Map<String, Value>, field: &str) -> Result<Option<&'a str>, Refusal> {
    match given.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("{field}: must be a string")),
    }
}

fn words(given: &Map<String, Value>, field: &str) -> Result<Option<Vec<String>>, Refusal> {
    let refusal = || format!("{field}: must be a list of strings");
    match given.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(list)) => list
            .iter()
            .map(|word| word.as_str().map(str::to_owned).ok_or_else(refusal))
            .collect::<Result<_, _>>()
            .map(Some),
        Some(_) => Err(refusal()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn bot() -> Value {
        json!({
            "name": "Zeph",
            "description": "Analyses security vulnerabilities and suggests fixes",
            "category": "Utilities",
            "contact_email": "zeph@botmakers.net",
            "request_format": "{\"message\": \"string (required)\"}",
            "response_format": "{\"reply\": \"string\"}",
        })
    }

    fn read(bot: &Value) -> Result<NewBot, Refusal> {
        read_registration(bot.to_string().as_bytes())
    }

    #[test]
    fn every_rule_is_checked_and_names_its_field() {
        assert!(read(&bot()).is_ok());
        for (field, wrong) in [
            ("name", json!(null)),
            ("name", json!("")),
            ("name", json!(7)),
            ("name", json!("a".repeat(26))),
            ("name", json!("Zéph")),
            ("name", json!("a/b")),
            ("name", json!(" a")),
            ("description", json!("too short")),
            ("description", json!("x".repeat(301))),
            ("description", json!(null)),
            ("category", json!("Gremlins")),
            ("category", json!(null)),
            ("contact_email", json!("YOUR_EMAIL")),
            ("contact_email", json!("a@b")),
            ("contact_email", json!("a@@b.c")),
            ("contact_email", json!(null)),
            ("request_format", json!("message")),
            ("request_format", json!({ "message": "string" })),
            ("response_format", json!("[]")),
            ("endpoint_url", json!("ftp://h.example")),
            ("industries", json!("Finance")),
            ("industries", json!(["Gremlins"])),
            ("regions", json!([7])),
        ] {
            let mut bot = bot();
            bot[field] = wrong;
            let refusal = read(&bot).unwrap_err();
            assert!(refusal.starts_with(&format!("{field}:")), "{bot}: {refusal}");
        }
        assert!(read_registration(b"name=Zeph").is_err());
    }

    #[test]
    fn the_limits_belong_to_what_is_allowed() {
        for (field, fine) in [
            ("name", json!("a".repeat(25))),
            ("name", json!("My Bot")),
            ("name", json!("my_bot")),
            ("description", json!("ten chars!")),
            ("description", json!("é".repeat(300))),
            ("endpoint_url", json!("https://h.example/bot")),
            ("regions", json!(["Europe", "Asia"])),
            ("request_format", json!(null)),
            ("unheard_of", json!(7)),
        ] {
            let mut bot = bot();
            bot[field] = fine;
            assert!(read(&bot).is_ok(), "{bot}");
        }
    }

    #[test]
    fn an_update_changes_what_it_says_or_nothing() {
        let listing = read(&bot()).unwrap().listing;
        let update = |update: Value| read_update(update.to_string().as_bytes(), &listing);
        let (updated, is_active) = update(json!({ "description": "Updated description" })).unwrap();
        assert_eq!(updated, Listing { description: "Updated description".into(), ..listing.clone() });
        assert_eq!(is_active, None);
        assert_eq!(update(json!({ "is_active": false })).unwrap().1, Some(false));
        for wrong in [
            json!({ "name": "Other" }),
            json!({ "service_code": "other" }),
            json!({ "is_active": "no" }),
            json!({ "description": "Updated description", "category": "Gremlins" }),
        ] {
            assert!(update(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
