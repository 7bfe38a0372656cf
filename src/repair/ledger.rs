//! Where proposals are kept.

use super::proposal::Proposal;
use crate::store::{Record, Table};

/// By id.
pub const PROPOSALS: Table<Proposal> = Table::new("proposals");

impl Record for Proposal {
    const VERSION: u16 = 1;
}
