//! The bots of the network, and their keys.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use sdk_core::sandbox::magic;
use sdk_core::secret::Secret;

use super::house::HouseBot;
use super::listing::Listing;
use super::seeds;

/// The most bots.
const MAX_BOTS: usize = 10_000;

/// A bot of the network.
#[derive(Debug)]
pub(crate) struct Bot {
    pub(crate) name: String,
    pub(crate) code: String,
    pub(crate) listing: Listing,
    pub(crate) is_active: bool,
    /// Who it is to the bots that it calls.
    pub(crate) user_token: String,
    /// Which one, when it is the sandbox's own.
    pub(crate) house: Option<HouseBot>,
    /// Whether it was taken offline by the sandbox's owner.
    pub(crate) is_held_offline: bool,
    /// How many conversations house bots will still begin with it.
    pub(crate) visits_left: u32,
    /// Whether a house bot talks to it, or will.
    pub(crate) is_visited: bool,
}

impl Bot {
    /// Underscores are invalid in host names, so that no connection to the bot's address succeeds.
    pub(crate) fn has_bad_host_name(&self) -> bool {
        self.code.contains('_')
    }
}

/// All bots, in the order of their codes.
pub(crate) struct Registry {
    bots: BTreeMap<String, Bot>,
    by_key: HashMap<String, String>,
    guests: u32,
}

/// Why a bot cannot be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    NameTaken,
    NoRoom,
}

/// The identifier that the platform makes of a name (spec, step 1).
pub(crate) fn code_of(name: &str) -> String {
    name.to_lowercase().chars().map(|c| if c.is_whitespace() { '_' } else { c }).collect()
}

impl Registry {
    /// The house bots, and nobody else.
    pub(crate) fn new(house: &[HouseBot], rng: &mut fastrand::Rng) -> Self {
        let mut registry = Self { bots: BTreeMap::new(), by_key: HashMap::new(), guests: 0 };
        for bot in house {
            // Their names differ.
            let _ = registry.insert(bot.name(), bot.listing(), Some(*bot), 0, rng);
        }
        registry
    }

    fn insert(
        &mut self,
        name: &str,
        listing: Listing,
        house: Option<HouseBot>,
        visits_left: u32,
        rng: &mut fastrand::Rng,
    ) -> Result<String, Full> {
        let code = code_of(name);
        if self.bots.contains_key(&code) {
            return Err(Full::NameTaken);
        }
        if self.bots.len() >= MAX_BOTS {
            return Err(Full::NoRoom);
        }
        let bot = Bot {
            name: name.to_owned(),
            code: code.clone(),
            listing,
            is_active: true,
            user_token: seeds::user_token(&code, rng),
            house,
            is_held_offline: false,
            visits_left,
            is_visited: false,
        };
        self.bots.insert(code.clone(), bot);
        Ok(code)
    }

    /// Adds a bot, and gives its code and its key.
    pub(crate) fn register(
        &mut self,
        name: &str,
        listing: Listing,
        visits: u32,
        rng: &mut fastrand::Rng,
    ) -> Result<(String, Secret), Full> {
        let code = self.insert(name, listing, None, visits, rng)?;
        let key = seeds::api_key(rng);
        self.by_key.insert(key.expose().to_owned(), code.clone());
        Ok((code, key))
    }

    /// Whose key it is. One that holds a magic word is good even if nobody was given it; one with `faultRevoked` never is.
    pub(crate) fn by_key(&mut self, key: &str, visits: u32, rng: &mut fastrand::Rng) -> Option<String> {
        if magic::is_revoked(key) {
            return None;
        }
        let known = self.by_key.get(key).cloned();
        let code = known.or_else(|| self.guest(key, visits, rng))?;
        let is_revoked = magic::is_revoked(&self.bots.get(&code)?.name);
        (!is_revoked).then_some(code)
    }

    fn guest(&mut self, key: &str, visits: u32, rng: &mut fastrand::Rng) -> Option<String> {
        if !key.contains("fault") || magic::orders_in(key, &super::dialect()).is_empty() {
            return None;
        }
        let code = loop {
            self.guests += 1;
            let name = format!("Guest{}", self.guests);
            match self.insert(&name, Listing::plain(), None, visits, rng) {
                Ok(code) => break code,
                Err(Full::NameTaken) => {}
                Err(Full::NoRoom) => return None,
            }
        };
        self.by_key.insert(key.to_owned(), code.clone());
        Some(code)
    }

    /// Makes a bot's keys invalid. `false` when it has none.
    pub(crate) fn revoke(&mut self, code: &str) -> bool {
        let before = self.by_key.len();
        self.by_key.retain(|_, of| of != code);
        self.by_key.len() != before
    }

    pub(crate) fn get(&self, code: &str) -> Option<&Bot> {
        self.bots.get(code)
    }

    pub(crate) fn get_mut(&mut self, code: &str) -> Option<&mut Bot> {
        self.bots.get_mut(code)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Bot> {
        self.bots.values()
    }

    pub(crate) fn all_mut(&mut self) -> impl Iterator<Item = &mut Bot> {
        self.bots.values_mut()
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("bots", &self.bots.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_name_in_small_letters_with_underscores() {
        assert_eq!(code_of("MyBot"), "mybot");
        assert_eq!(code_of("My Bot"), "my_bot");
    }

    #[test]
    fn names_are_taken_once_and_keys_are_revoked() {
        let mut rng = fastrand::Rng::with_seed(1);
        let mut registry = Registry::new(&HouseBot::ALL, &mut rng);
        let (code, key) = registry.register("Zeph", Listing::plain(), 0, &mut rng).unwrap();
        assert_eq!(registry.register("ZEPH", Listing::plain(), 0, &mut rng).unwrap_err(), Full::NameTaken);
        assert_eq!(registry.by_key(key.expose(), 0, &mut rng), Some(code.clone()));
        assert!(registry.revoke(&code));
        assert!(!registry.revoke(&code));
        assert_eq!(registry.by_key(key.expose(), 0, &mut rng), None);
    }

    #[test]
    fn a_key_with_a_magic_word_is_good_and_faultrevoked_is_not() {
        let mut rng = fastrand::Rng::with_seed(1);
        let mut registry = Registry::new(&[], &mut rng);
        let guest = registry.by_key("kp_live_faultDropOnTurn_1", 0, &mut rng);
        assert_eq!(guest.as_deref(), Some("guest1"));
        assert_eq!(registry.by_key("kp_live_faultDropOnTurn_1", 0, &mut rng), guest);
        assert_eq!(registry.by_key("kp_live_faultRevoked", 0, &mut rng), None);
        assert_eq!(registry.by_key("kp_live_nobody", 0, &mut rng), None);
        let (_, key) = registry.register("RockyfaultRevoked", Listing::plain(), 0, &mut rng).unwrap();
        assert_eq!(registry.by_key(key.expose(), 0, &mut rng), None);
    }
}
