//! Registering, the listing, roulette and search.

use std::time::Duration;

use http::StatusCode;
use sdk_core::clock::Instant;
use serde::Serialize;
use serde_json::json;

use super::super::answer::Answer;
use super::super::limits::RateLimit;
use super::super::listing::{self, CATEGORIES, INDUSTRIES, Listing, REGIONS};
use super::super::registry::Bot;
use super::relay::BAD_KEY;
use super::{Limits, Network, SLACK};

/// The most bots that a search finds.
const MAX_RESULTS: usize = 50;

/// A bot as roulette and search show it.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    name: &'a str,
    service_code: &'a str,
    proxy_url: String,
    #[serde(flatten)]
    listing: &'a Listing,
}

#[derive(Debug, Serialize)]
struct Results<'a> {
    results: Vec<Shown<'a>>,
}

impl Network {
    /// `POST /api/v1/agents/register`.
    pub(crate) fn register(&mut self, body: &[u8], now: Instant) -> Answer {
        #[derive(Serialize)]
        struct Registered<'a> {
            success: bool,
            service_code: &'a str,
            api_key: &'a str,
            proxy_url: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            tunnel_url: Option<String>,
            message: &'a str,
        }
        if let Err(refused) = self.limited(None, false, now) {
            return refused;
        }
        let refused =
            |status, error: String| Answer::json(status, &json!({ "success": false, "error": error }));
        let new = match listing::read_registration(body) {
            Ok(new) => new,
            Err(error) => return refused(StatusCode::BAD_REQUEST, error),
        };
        match self.add_bot(&new.name, new.listing) {
            Ok((code, key)) => {
                let registered = Registered {
                    success: true,
                    service_code: &code,
                    api_key: key.expose(),
                    proxy_url: self.proxy_url(&code),
                    tunnel_url: (!new.has_endpoint).then(|| self.tunnel_url(&code)),
                    message: "IMPORTANT: Save your API key now.",
                };
                Answer::json(StatusCode::CREATED, &registered)
            }
            Err(error) => refused(StatusCode::CONFLICT, error),
        }
    }

    /// `GET /api/v1/agents/register/options`.
    pub(crate) fn options(&mut self, now: Instant) -> Answer {
        if let Err(refused) = self.limited(None, false, now) {
            return refused;
        }
        let options = json!({ "categories": CATEGORIES, "industries": INDUSTRIES, "regions": REGIONS });
        Answer::json(StatusCode::OK, &options)
    }

    /// `PATCH /api/v1/agents/me`.
    pub(crate) fn update(&mut self, key: Option<&str>, body: &[u8], now: Instant) -> Answer {
        #[derive(Serialize)]
        struct Updated<'a> {
            success: bool,
            service_code: &'a str,
            name: &'a str,
            #[serde(flatten)]
            listing: &'a Listing,
            is_active: bool,
        }
        let code = match self.admit(key, false, now) {
            Ok(code) => code,
            Err(refused) => return refused,
        };
        let Some(bot) = self.registry.get_mut(&code) else { return unknown_bot() };
        match listing::read_update(body, &bot.listing) {
            Ok((listing, is_active)) => {
                bot.listing = listing;
                bot.is_active = is_active.unwrap_or(bot.is_active);
                let Bot { code, name, listing, is_active, .. } = bot;
                let updated =
                    Updated { success: true, service_code: code, name, listing, is_active: *is_active };
                Answer::json(StatusCode::OK, &updated)
            }
            Err(error) => Answer::json(StatusCode::BAD_REQUEST, &json!({ "success": false, "error": error })),
        }
    }

    /// `GET /roulette`: one bot, never the caller.
    pub(crate) fn roulette(&mut self, key: Option<&str>, now: Instant) -> Answer {
        let caller = match self.admit(key, true, now) {
            Ok(code) => code,
            Err(refused) => return refused,
        };
        let draws_all = self.settings.roulette_all;
        let candidates: Vec<&str> = self
            .registry
            .all()
            .filter(|bot| bot.is_active && bot.code != caller)
            .filter(|bot| draws_all || self.would_answer(bot))
            .map(|bot| bot.code.as_str())
            .collect();
        let drawn = self.dice.roulette.choice(candidates).and_then(|code| self.registry.get(code));
        let results = drawn.map(|bot| self.shown(bot)).into_iter().collect();
        Answer::json(StatusCode::OK, &Results { results })
    }

    fn would_answer(&self, bot: &Bot) -> bool {
        self.is_online(&bot.code)
            && !bot.has_bad_host_name()
            && bot.house.is_none_or(super::super::HouseBot::is_well_behaved)
    }

    /// `GET /search?query=…`: the bots with a word of the query in their description, those with the most words first.
    pub(crate) fn search(&mut self, key: Option<&str>, query: Option<&str>, now: Instant) -> Answer {
        if let Err(refused) = self.admit(key, false, now) {
            return refused;
        }
        let query = query.unwrap_or_default().to_lowercase();
        let words: Vec<&str> =
            query.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        if words.is_empty() {
            return Answer::error(StatusCode::BAD_REQUEST, "query: required");
        }
        let mut found: Vec<(usize, &Bot)> = self
            .registry
            .all()
            .filter(|bot| bot.is_active)
            .map(|bot| {
                let description = bot.listing.description.to_lowercase();
                (words.iter().filter(|word| description.contains(**word)).count(), bot)
            })
            .filter(|(count, _)| *count > 0)
            .collect();
        found.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        let results = found.into_iter().take(MAX_RESULTS).map(|(_, bot)| self.shown(bot)).collect();
        Answer::json(StatusCode::OK, &Results { results })
    }

    fn shown<'a>(&self, bot: &'a Bot) -> Shown<'a> {
        let proxy_url = self.proxy_url(&bot.code);
        Shown { name: &bot.name, service_code: &bot.code, proxy_url, listing: &bot.listing }
    }

    pub(super) fn proxy_url(&self, code: &str) -> String {
        format!("{}/api/proxy/{code}", self.base_url)
    }

    pub(crate) fn tunnel_url(&self, code: &str) -> String {
        format!("{}/tunnel/{code}", self.base_url)
    }

    /// Whose key it is, if its limits allow another call.
    pub(super) fn admit(
        &mut self,
        key: Option<&str>,
        is_roulette: bool,
        now: Instant,
    ) -> Result<String, Answer> {
        let visits = self.settings.house_calls;
        let code = key.and_then(|key| self.registry.by_key(key, visits, &mut self.dice.ids));
        self.limited(code.as_deref(), is_roulette && code.is_some(), now)?;
        code.ok_or_else(|| Answer::error(StatusCode::UNAUTHORIZED, BAD_KEY))
    }

    /// Counts a call; calls without a good key share one count.
    fn limited(&mut self, code: Option<&str>, is_roulette: bool, now: Instant) -> Result<(), Answer> {
        let Some(limits) = self.settings.rate_limits else { return Ok(()) };
        let slack = self.clock.scaled_span(SLACK);
        let of_key = self.limits.entry(code.unwrap_or_default().to_owned()).or_insert_with(|| Limits {
            calls: RateLimit::per(limits.calls_per_second, Duration::from_secs(1), slack),
            roulette: RateLimit::per(limits.roulette_per_minute, Duration::from_secs(60), slack),
        });
        let taken = of_key.calls.take(now);
        let taken = if is_roulette { taken.and_then(|()| of_key.roulette.take(now)) } else { taken };
        taken.map_err(|wait| {
            // The client lives in the machine's time.
            let wait = self.clock.real_span(wait);
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            Answer::too_many(seconds, self.settings.html_429)
        })
    }
}

fn unknown_bot() -> Answer {
    Answer::error(StatusCode::NOT_FOUND, "Bot not found")
}
