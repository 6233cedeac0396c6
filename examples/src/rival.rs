//! A second agent, for bots that need company in a sandbox.

use botpit_sdk::wallet::Wallet;
use botpit_sdk::{Client, Result};

use crate::botpit::Place;

/// Registers another agent where the bot plays. Only for a server on this machine: elsewhere it would be somebody's account.
///
/// # Errors
/// As a registration, and when the place is not on this machine.
pub async fn another(name: &str, place: &Place) -> Result<Client> {
    let here = Client::builder("none").url(place.client.shown_url()).build()?;
    let registered = here.rest()?.register(name, &Wallet::generate()?).await?;
    Client::builder(registered.api_key).url(place.client.shown_url()).build()
}
