//! What hangs together in a cluster, and therefore what causes what: the object graph and the cause chains over it.
//! The chains come from the objects alone, never from the model.

mod ask;
mod attached;
mod calls;
mod causes;
mod cures;
mod explanations;
mod facts;
mod graph;
mod look;
mod look_wider;
mod object;
mod obstacle;
mod pull_failure;
mod register;
mod relations;
mod rollout;
mod why;
mod wider;

pub use ask::best_match;
pub use calls::{exceeded_quota, refusing_webhook};
pub use causes::{link, order};
pub use cures::{Proposed, proposed, remedies};
pub use graph::{Graph, ObjectId, resources};
pub use object::{Entity, Object};
pub use obstacle::{Obstacle, obstacles};
pub use pull_failure::PullFailure;
pub use relations::{ConfigRef, KeyRef, Relation, backends, config_keys, config_refs};
pub use why::{Chain, Step, Verdict, why};
