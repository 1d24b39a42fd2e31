package directory

// privilegedRoles are the roles that lead to Global Administrator, by template id, with their names for people. Names
// differ between tenants' languages and can be given to other roles, so they decide nothing.
// https://github.com/emiliensocchi/azure-tiering (tier 0)
// https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference
func privilegedRoles() map[string]string {
	return map[string]string{
		"d2562ede-74db-457e-a7b6-544e236ebb61": "AI Administrator",
		"db506228-d27e-4b7d-95e5-295956d6615f": "Agent ID Administrator",
		"9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3": "Application Administrator",
		"c4e39bd9-1100-46d3-8c65-fb160da0071f": "Authentication Administrator",
		"e3973bdf-4987-49ae-837a-ba8e231c7286": "Azure DevOps Administrator",
		"158c047a-c907-4556-b7ef-446551a6b5f7": "Cloud Application Administrator",
		"b1be1c3e-b65d-4f19-8427-f6fa0d97feb9": "Conditional Access Administrator",
		"9360feb5-f418-4baa-8175-e2a00bac4301": "Directory Writers",
		"8329153b-31d0-4727-b945-745eb3bc5f31": "Domain Name Administrator",
		"29232cdf-9323-42fd-ade2-1d097af3e4de": "Exchange Administrator",
		"be2f45a1-457d-42af-a067-6ec1fa63bc45": "External Identity Provider Administrator",
		"62e90394-69f5-4237-9190-012177145e10": "Global Administrator",
		"fdd7a751-b60b-444a-984c-02652fe8fa1c": "Groups Administrator",
		"729827e3-9c14-49f7-bb1b-9608f156bbb8": "Helpdesk Administrator",
		"8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2": "Hybrid Identity Administrator",
		"45d8d3c5-c802-45c6-b32a-1d70b5e1e86e": "Identity Governance Administrator",
		"3a2c62db-5318-420d-8d74-23affee5d9d5": "Intune Administrator",
		"b5a8dcf3-09d5-43a9-a639-8e29ef291470": "Knowledge Administrator",
		"744ec460-397e-42ad-a462-8b3f9747a02c": "Knowledge Manager",
		"59d46f88-662b-457b-bceb-5c3809e5908f": "Lifecycle Workflows Administrator",
		"4ba39ca4-527c-499a-b93d-d9b492c50246": "Partner Tier1 Support",
		"e00e864a-17c5-4a4b-9c06-f5b95a8d5bd8": "Partner Tier2 Support",
		"966707d0-3269-4727-9be2-8c3a10f19b9d": "Password Administrator",
		"7be44c8a-adaf-4e2a-84d6-ab2649e08a13": "Privileged Authentication Administrator",
		"e8611ab8-c189-46e8-94e1-60213ab1f814": "Privileged Role Administrator",
		"194ae4cb-b126-40b2-bd5b-6091b380977d": "Security Administrator",
		"f28a1f50-f6e7-4571-818b-6a12f2af6b6c": "SharePoint Administrator",
		"69091246-20e8-4a56-aa4d-066075b2a7a8": "Teams Administrator",
		"fe930be7-5e62-47db-91af-98c3a49a38b1": "User Administrator",
		"11451d60-acb2-45eb-a7d6-43d0f0125c13": "Windows 365 Administrator",
		"810a2642-a034-447f-a5e8-41beaa378541": "Yammer Administrator",
	}
}
