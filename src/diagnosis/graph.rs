//! The object graph of one snapshot: built once, in time linear in objects and their ties.

use super::object::{Entity, KINDS, Object};
use super::register::Register;
use super::relations::{self, Relation};
use crate::finding::Target;
use crate::snapshot::{EndpointSlice, Event, Pod, QuickMap, Resource, Snapshot, Uid};

/// The place of an object in the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(u32);

impl ObjectId {
    fn index(self) -> usize {
        self.0 as usize
    }
}

/// Objects, their ties, their events, and the endpoints of the Services.
#[derive(Debug)]
pub struct Graph<'a> {
    snapshot: &'a Snapshot,
    objects: Register<'a>,
    towards: Ties,
    from: Ties,
    events: QuickMap<ObjectId, Vec<&'a Event>>,
    slices: QuickMap<ObjectId, Vec<&'a EndpointSlice>>,
}

/// For each object its ties, packed: those of object `i` are the ones at `starts[i]..starts[i + 1]`.
#[derive(Debug)]
struct Ties {
    starts: Vec<u32>,
    relations: Vec<Relation>,
    objects: Vec<ObjectId>,
}

/// The graph under construction.
#[derive(Debug)]
pub(crate) struct Builder<'a> {
    pub(crate) snapshot: &'a Snapshot,
    objects: Register<'a>,
    /// What the snapshot holds, in the order of `Entity::all`.
    held: Vec<ObjectId>,
    /// Where the pods begin in `held`.
    first_pod: usize,
    edges: Edges,
}

/// Ties as they come up, side by side: there are several for each object.
#[derive(Debug, Default)]
struct Edges {
    from: Vec<ObjectId>,
    relations: Vec<Relation>,
    to: Vec<ObjectId>,
}

impl<'a> Builder<'a> {
    /// With all that the snapshot holds, and no ties.
    fn new(snapshot: &'a Snapshot) -> Self {
        let mut objects = Register::with_capacity(Entity::all(snapshot).count());
        let held: Vec<ObjectId> = Entity::all(snapshot).map(|entity| ObjectId(objects.read(entity) as u32)).collect();
        let first_pod = Entity::all(snapshot).take_while(|entity| !matches!(entity, Entity::Pod(_))).count();
        Self { snapshot, objects, held, first_pod, edges: Edges::default() }
    }

    /// All that the snapshot holds.
    pub(crate) fn held(&self) -> impl Iterator<Item = (ObjectId, Entity<'a>)> + use<'a> {
        self.held.clone().into_iter().zip(Entity::all(self.snapshot))
    }

    /// The pod at that place among the snapshot's pods.
    pub(crate) fn pod(&self, index: usize) -> Option<ObjectId> {
        self.held.get(self.first_pod + index).copied()
    }

    /// The object of that name, with nothing known of it if the snapshot does not hold it.
    pub(crate) fn named(&mut self, kind: &'a str, namespace: &'a str, name: &'a str) -> ObjectId {
        ObjectId(self.objects.named((kind, namespace, name)) as u32)
    }

    /// The same, and whether nothing named it before.
    pub(crate) fn first_named(&mut self, kind: &'a str, namespace: &'a str, name: &'a str) -> (ObjectId, bool) {
        let before = self.objects.len();
        (self.named(kind, namespace, name), self.objects.len() > before)
    }

    /// The object of that name, only if the snapshot holds it or another object has named it.
    pub(crate) fn known(&self, kind: &str, namespace: &str, name: &str) -> Option<ObjectId> {
        self.objects.find((kind, namespace, name)).map(|place| ObjectId(place as u32))
    }

    /// Ties `from` to `to`, on which it depends.
    pub(crate) fn tie(&mut self, from: ObjectId, relation: Relation, to: ObjectId) {
        self.edges.from.push(from);
        self.edges.relations.push(relation);
        self.edges.to.push(to);
    }
}

/// The lists that the graph is built from.
pub fn resources() -> impl Iterator<Item = Resource> {
    let held = |resource: &Resource| KINDS.contains(&resource.api().kind);
    let about = [Resource::Events, Resource::EndpointSlices];
    Resource::ALL.iter().copied().filter(held).chain(about)
}

impl<'a> Graph<'a> {
    /// The graph of a snapshot.
    pub fn new(snapshot: &'a Snapshot) -> Self {
        let mut builder = Builder::new(snapshot);
        let mut uids: QuickMap<&Uid, Option<ObjectId>> =
            snapshot.events.iter().map(|event| (&event.involved_object.uid, None)).collect();
        for (id, entity) in builder.held() {
            if let Some(wanted) = uids.get_mut(&entity.meta().uid) {
                *wanted = Some(id);
            }
        }
        uids.remove(&Uid::default());
        relations::tie_all(&mut builder);

        let Builder { objects, edges, .. } = builder;
        let towards = Ties::new(objects.len(), edges);
        let mut graph = Self {
            snapshot,
            from: towards.reversed(),
            towards,
            objects,
            events: QuickMap::default(),
            slices: QuickMap::default(),
        };
        for event in &snapshot.events {
            let about = &event.involved_object;
            // The kubelet names a Node by its name instead of its uid.
            let by_name = about.uid.is_empty() || about.kind == "Node";
            let id = uids.get(&about.uid).copied().flatten();
            let id = id.or_else(|| if by_name { graph.find(&about.kind, &about.namespace, &about.name) } else { None });
            if let Some(id) = id {
                graph.events.entry(id).or_default().push(event);
            }
        }
        for events in graph.events.values_mut() {
            events.sort_by_key(|event| std::cmp::Reverse(event.last_seen));
        }
        for slice in &snapshot.endpoint_slices {
            if let Some(service) = slice.service_name()
                && let Some(id) = graph.find("Service", &slice.meta.namespace, service)
            {
                graph.slices.entry(id).or_default().push(slice);
            }
        }
        graph
    }

    /// What it was built from.
    pub fn snapshot(&self) -> &'a Snapshot {
        self.snapshot
    }

    /// The object of that name; an empty namespace for what has none.
    pub fn find(&self, kind: &str, namespace: &str, name: &str) -> Option<ObjectId> {
        self.objects.find((kind, namespace, name)).map(|place| ObjectId(place as u32))
    }

    /// The object that a finding is about.
    pub fn find_target(&self, target: &Target) -> Option<ObjectId> {
        self.find(&target.kind, target.namespace.as_deref().unwrap_or_default(), &target.name)
    }

    /// The object at that place.
    pub fn object(&self, id: ObjectId) -> Object<'a> {
        // Ids are made by this graph only, in range by construction.
        self.objects.object(id.index())
    }

    /// All objects.
    pub fn objects(&self) -> impl Iterator<Item = (ObjectId, Object<'a>)> {
        self.objects.objects().enumerate().map(|(index, object)| (ObjectId(index as u32), object))
    }

    /// Whether the object is known not to exist: something names it, and the complete list of its kind does not have it.
    pub fn is_absent(&self, id: ObjectId) -> bool {
        let object = self.object(id);
        let listed = Resource::ALL.iter().copied().find(|resource| resource.api().kind == object.kind);
        object.entity.is_none() && listed.is_some_and(|resource| self.snapshot.has_read(resource))
    }

    /// What the object depends on.
    pub fn depends_on(&self, id: ObjectId) -> impl Iterator<Item = (Relation, ObjectId)> {
        self.towards.of(id)
    }

    /// What depends on the object.
    pub fn dependents(&self, id: ObjectId) -> impl Iterator<Item = (Relation, ObjectId)> {
        self.from.of(id)
    }

    /// The events of an object, newest first.
    pub fn events(&self, id: ObjectId) -> &[&'a Event] {
        self.events.get(&id).map(Vec::as_slice).unwrap_or_default()
    }

    /// The EndpointSlices of a Service.
    pub fn slices(&self, service: ObjectId) -> &[&'a EndpointSlice] {
        self.slices.get(&service).map(Vec::as_slice).unwrap_or_default()
    }

    /// The place of a pod.
    pub fn pod_id(&self, pod: &Pod) -> Option<ObjectId> {
        self.find("Pod", &pod.meta.namespace, &pod.meta.name)
    }

    /// The pod at that place, if a pod that was read stands there.
    pub fn as_pod(&self, id: ObjectId) -> Option<&'a Pod> {
        match self.object(id).entity {
            Some(Entity::Pod(pod)) => Some(pod),
            _ => None,
        }
    }

    /// The workload that an object belongs to: up the chain of controllers, a mirror pod and what nobody owns itself.
    pub fn owner(&self, id: ObjectId) -> ObjectId {
        let mut at = id;
        // Owner references can form a ring; a real chain is at most three long.
        for _ in 0..4 {
            let mut owners = self.dependents(at).filter(|(relation, _)| *relation == Relation::Owns);
            match owners.next() {
                Some((_, owner)) if self.object(owner).kind != "Node" => at = owner,
                Some(_) | None => break,
            }
        }
        at
    }

    /// The workload of a pod, as findings name it.
    pub fn owner_of(&self, pod: &Pod) -> Target {
        match self.pod_id(pod) {
            Some(id) => self.object(self.owner(id)).target(),
            None => Target::namespaced("Pod", pod.meta.namespace.as_str(), pod.meta.name.as_str()),
        }
    }

    /// The pods of an object: its own, those of what it owns, those that a Service selects or an Ingress leads to, those
    /// on a node, those that use a claim or a configuration; a pod is its own.
    pub fn pods(&self, id: ObjectId) -> Vec<ObjectId> {
        let mut found = Vec::new();
        self.collect_pods(id, 4, &mut found);
        found.sort_unstable();
        found.dedup();
        found
    }

    fn collect_pods(&self, id: ObjectId, depth: u32, found: &mut Vec<ObjectId>) {
        let kind = self.object(id).kind;
        if kind == "Pod" {
            found.push(id);
            return;
        }
        if depth == 0 {
            return;
        }
        let down = self
            .depends_on(id)
            .filter(|(relation, _)| matches!(relation, Relation::Owns | Relation::Selects | Relation::Routes));
        for (_, next) in down {
            self.collect_pods(next, depth - 1, found);
        }
        let users = self.dependents(id).filter(|(relation, user)| {
            matches!(relation, Relation::RunsOn | Relation::Mounts | Relation::Refers)
                && self.object(*user).kind == "Pod"
        });
        found.extend(users.map(|(_, user)| user));
    }
}

impl Ties {
    /// By the first object of each edge.
    fn new(objects: usize, Edges { from, relations, to }: Edges) -> Self {
        let edges = || from.iter().zip(&relations).zip(&to).map(|((from, relation), to)| (*from, *relation, *to));
        Self::sorted(objects, edges)
    }

    /// The same ties, seen from their other ends.
    fn reversed(&self) -> Self {
        let objects = self.starts.len() - 1;
        let ends = || {
            (0..objects as u32)
                .map(ObjectId)
                .flat_map(|from| self.of(from).map(move |(relation, to)| (to, relation, from)))
        };
        Self::sorted(objects, ends)
    }

    /// Counting sort by the first object.
    fn sorted<I: Iterator<Item = (ObjectId, Relation, ObjectId)>>(objects: usize, edges: impl Fn() -> I) -> Self {
        let mut starts = vec![0u32; objects + 1];
        for (from, ..) in edges() {
            starts[from.index() + 1] += 1;
        }
        for index in 1..starts.len() {
            starts[index] += starts[index - 1];
        }
        let mut next = starts.clone();
        let all = starts[objects] as usize;
        let mut ties = Self { starts, relations: vec![Relation::Owns; all], objects: vec![ObjectId(0); all] };
        for (from, relation, to) in edges() {
            let place = &mut next[from.index()];
            ties.relations[*place as usize] = relation;
            ties.objects[*place as usize] = to;
            *place += 1;
        }
        ties
    }

    fn of(&self, id: ObjectId) -> impl Iterator<Item = (Relation, ObjectId)> {
        let range = self.starts[id.index()] as usize..self.starts[id.index() + 1] as usize;
        self.relations[range.clone()].iter().copied().zip(self.objects[range].iter().copied())
    }
}
