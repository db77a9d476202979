/** The route under which shadow calls are kept: nobody asked for them, and no figure has them. */
export const ROUTE_OF_SHADOWS = "shadow";
