"""The HTTP routes under /v1, one file a subject."""

from api.routes import (
    catalog,
    credentials,
    enrollments,
    evidence,
    grants,
    imports,
    issuers,
    operations,
    organizations,
    payouts,
    people,
    policies,
    queues,
    records,
    reviews,
    stacks,
)

ROUTERS = (  # looked through in this order, so what is asked most comes first
    records.router,
    grants.router,
    organizations.router,
    people.router,
    imports.router,
    issuers.router,
    credentials.router,
    stacks.router,
    catalog.router,
    enrollments.router,
    evidence.router,
    reviews.router,
    queues.router,
    policies.router,
    payouts.router,
    operations.router,
)
