//! What the page shows, as data.

use botpit_sdk::sdk_core::sandbox::{Injection, PeerInfo, Pending, Progress, Recent};
use serde::Serialize;

use super::orders::{Choice, choices};
use super::{Desk, Said};
use crate::served::Platform;

/// How many messages and requests of a platform are shown.
const SHOWN: usize = 60;
/// How many faults that happened are shown.
const SHOWN_FAULTS: usize = 20;

/// All platforms at a moment.
#[derive(Debug, Serialize)]
pub(super) struct Snapshot {
    pub(super) seed: u64,
    pub(super) speed: f64,
    pub(super) uptime_s: u64,
    pub(super) platforms: Vec<Shown>,
    #[serde(skip)]
    pub(super) said: Option<Said>,
}

/// One platform at a moment.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    pub(super) name: &'static str,
    #[serde(skip)]
    pub(super) title: &'static str,
    pub(super) rest: String,
    pub(super) ws: Option<String>,
    pub(super) seed: u64,
    pub(super) connections: usize,
    pub(super) accepted: u64,
    pub(super) peers: Vec<PeerInfo>,
    pub(super) progress: Vec<Progress>,
    pub(super) pending: Vec<Pending>,
    pub(super) injected: u64,
    /// What happened, newest first.
    pub(super) log: Vec<Injection>,
    /// Messages and requests, newest first.
    pub(super) recent: Vec<Recent>,
    #[serde(skip)]
    pub(super) choices: Vec<Choice>,
    #[serde(skip)]
    pub(super) has_messages: bool,
}

impl Snapshot {
    pub(super) fn of(desk: &Desk) -> Self {
        Self {
            seed: desk.seed,
            speed: desk.speed,
            uptime_s: desk.began.elapsed().as_secs(),
            platforms: desk.platforms.iter().map(Shown::of).collect(),
            said: desk.said(),
        }
    }
}

impl Shown {
    fn of(platform: &Platform) -> Self {
        let (name, server) = (platform.name(), platform.server());
        let recent = server.recent().into_iter().rev().take(SHOWN);
        Self {
            name: name.id(),
            title: name.title(),
            rest: platform.rest_url(),
            ws: platform.ws_url(),
            seed: server.seed().0,
            connections: server.connections(),
            accepted: server.accepted(),
            peers: server.peers(),
            progress: platform.progress(),
            pending: server.faults().pending(),
            injected: server.faults().injected(),
            log: server.faults().log().into_iter().rev().take(SHOWN_FAULTS).collect(),
            recent: recent.collect(),
            choices: choices(platform),
            has_messages: platform.ws_url().is_some(),
        }
    }
}
