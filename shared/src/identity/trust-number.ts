/** The header in which a controller says the number of the newest trust bundle that it knows, in every call to a repository. */
export const trustNumberHeader = "holdfast-trust-number";
