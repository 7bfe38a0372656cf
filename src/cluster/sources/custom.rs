//! Custom resources that the configuration names: their lists, of which the conditions are kept.

use super::{Gathered, GroupResource, Round};
use crate::cluster::decode::Partial;
use crate::cluster::list::ListCall;
use crate::snapshot::{Resource, ServedApi, Why};
use crate::texts::gaps::why_unread;

pub(super) async fn read(round: &Round<'_>, into: &mut Gathered) {
    let served = match round.served {
        Ok(served) => served,
        Err(why) => return into.settle(Resource::CustomResources, Err(why.clone())),
    };
    let mut unread = Vec::new();
    // One after the other: beside the other lists they are few.
    for kind in &round.sources().custom_resources {
        let mut partial = Partial::default();
        let result = match served_as(served, kind) {
            Some(api) => ListCall::custom(api, &round.request.scope).read(round.wire, round.paging, &mut partial).await,
            None => Err(Why::NotServed),
        };
        into.objects.reads.objects += partial.objects.reads.objects;
        into.objects.take(Resource::CustomResources, &mut partial.objects);
        unread.extend(result.err().map(|why| format!("{kind}: {}", why_unread(&why))));
    }
    let result = if unread.is_empty() { Ok(()) } else { Err(Why::Failed(unread.join("; "))) };
    into.settle(Resource::CustomResources, result);
}

/// Discovery names the preferred version first.
fn served_as<'a>(served: &'a [ServedApi], kind: &GroupResource) -> Option<&'a ServedApi> {
    served.iter().find(|api| api.group == *kind.group && api.resource == *kind.plural)
}
