/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Intrusive doubly linked lists. A link that is on no list points at itself,
 * so that removal is idempotent and "is it queued?" costs nothing.
 */
#ifndef VIPMI_BASE_LIST_H
#define VIPMI_BASE_LIST_H

#include "base/compat.h"

struct list_link {
	struct list_link *next, *previous;
};

static inline void list_init(struct list_link *list)
{
	list->next = list;
	list->previous = list;
}

static inline bool list_empty(const struct list_link *list)
{
	return list->next == list;
}

/* Whether the element is on some list. The same test, named from the element's side. */
static inline bool list_linked(const struct list_link *link)
{
	return link->next != link;
}

static inline void list_insert_between(
	struct list_link *link, struct list_link *previous, struct list_link *next)
{
	link->previous = previous;
	link->next = next;
	previous->next = link;
	next->previous = link;
}

static inline void list_push_back(struct list_link *list, struct list_link *link)
{
	list_insert_between(link, list->previous, list);
}

static inline void list_push_front(struct list_link *list, struct list_link *link)
{
	list_insert_between(link, list, list->next);
}

/* Takes the element off its list; harmless when it is on none. */
static inline void list_remove(struct list_link *link)
{
	link->previous->next = link->next;
	link->next->previous = link->previous;
	list_init(link);
}

/* The first element, or NULL when the list is empty. It stays on the list. */
static inline struct list_link *list_first(const struct list_link *list)
{
	return list_empty(list) ? NULL : list->next;
}

/* Takes the first element off, or returns NULL. */
static inline struct list_link *list_pop_front(struct list_link *list)
{
	struct list_link *link = list_first(list);

	if (link) {
		list_remove(link);
	}
	return link;
}

/* Moves everything from one list to the end of another, in O(1). */
static inline void list_splice_back(struct list_link *list, struct list_link *from)
{
	if (list_empty(from)) {
		return;
	}
	from->next->previous = list->previous;
	list->previous->next = from->next;
	from->previous->next = list;
	list->previous = from->previous;
	list_init(from);
}

#define list_for_each(link, list)                                                                  \
	for ((link) = (list)->next; (link) != (list); (link) = (link)->next)

/* As list_for_each, but the body may remove the current element (and only that one). */
#define list_for_each_safe(link, following, list)                                                  \
	for ((link) = (list)->next, (following) = (link)->next; (link) != (list);                  \
		(link) = (following), (following) = (link)->next)

#endif
