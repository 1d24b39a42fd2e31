package shapes

import (
	"fmt"
	"strings"
	"testing"
)

// The columns of the portal's CSV files, as two tenants downloaded them.
const (
	targets, changes, details = 3, 5, 6

	userColumns = "Date (UTC)|Request ID|User agent|Correlation ID|User ID|User|Username|User type|Cross tenant access type|Incoming token type|Authentication Protocol|Unique token identifier|" +
		"Original transfer method|Client credential type|Token Protection - Sign In Session|Token Protection - Sign In Session StatusCode|Application|Application ID |App owner tenant ID|Resource|" +
		"Resource ID |Resource tenant ID|Resource owner tenant ID|Home tenant ID|Home tenant name|IP address|Location|Status|Sign-in error code|Failure reason|Client app|Device ID|Browser|Operating System|" +
		"Compliant|Managed|Join Type|Multifactor authentication result|Multifactor authentication auth method|Multifactor authentication auth detail|Authentication requirement|Sign-in identifier|Session ID|" +
		"IP address (seen by resource)|Through Global Secure Access|Global Secure Access IP address|Autonomous system  number|Flagged for review|Token issuer type|Incoming token type|Token issuer name|Latency|" +
		"Conditional Access|Managed Identity type|Associated Resource Id|Federated Token Id|Federated Token Issuer"
	appColumns = "Date (UTC)|Request ID|Correlation ID|Service principal ID|Service principal name|Credential key ID|Credential thumbprint|Application|Application ID |App owner tenant ID|Resource|Resource ID |" +
		"Resource tenant ID|Resource owner tenant ID|Home tenant ID|Home tenant name|IP address|Location|Status|Sign-in error code|Failure reason|Conditional Access"
)

// portalColumns are where the values of sign-ins stand in a row: a column, or one and a member.
var portalColumns = map[string]string{
	"Date (UTC)": "TimeGenerated", "Request ID": "Id", "User agent": "UserAgent", "Correlation ID": "CorrelationId", "User ID": "UserId", "User": "UserDisplayName", "Username": "UserPrincipalName",
	"User type": "UserType", "Cross tenant access type": "CrossTenantAccessType", "Incoming token type": "IncomingTokenType", "Authentication Protocol": "AuthenticationProtocol",
	"Unique token identifier": "UniqueTokenIdentifier", "Original transfer method": "OriginalTransferMethod", "Client credential type": "ClientCredentialType", "Application": "AppDisplayName",
	"Application ID ": "AppId", "Resource": "ResourceDisplayName", "Resource ID ": "ResourceIdentity", "Resource tenant ID": "ResourceTenantId", "Home tenant ID": "HomeTenantId", "IP address": "IPAddress",
	"Sign-in error code": "ResultType", "Failure reason": "ResultDescription", "Client app": "ClientAppUsed", "Device ID": "DeviceDetail.deviceId", "Browser": "DeviceDetail.browser",
	"Operating System": "DeviceDetail.operatingSystem", "Compliant": "DeviceDetail.isCompliant", "Managed": "DeviceDetail.isManaged", "Join Type": "DeviceDetail.trustType",
	"Multifactor authentication result": "Status.additionalDetails", "Session ID": "SessionId", "Autonomous system  number": "AutonomousSystemNumber", "Flagged for review": "FlaggedForReview",
	"Token issuer type": "TokenIssuerType", "Service principal ID": "ServicePrincipalId", "Service principal name": "ServicePrincipalName", "Credential key ID": "ServicePrincipalCredentialKeyId",
	"Credential thumbprint": "ServicePrincipalCredentialThumbprint", "App owner tenant ID": "AppOwnerTenantId", "Managed Identity type": "ManagedServiceIdentity.msiType", "Associated Resource Id": "ManagedServiceIdentity.associatedResourceId",
}

// portalWords are what the portal writes for words of the log.
var portalWords = map[string]string{
	"success": "Success", "failure": "Failure", "notApplied": "Not Applied", "singleFactorAuthentication": "Single-factor authentication", "multiFactorAuthentication": "Multifactor authentication",
}

// at is what stands at a path in a row, whose columns may be texts that hold JSON.
func at(t testing.TB, value any, path string) any {
	for _, name := range strings.Split(path, ".") {
		if text, isText := value.(string); isText && strings.HasPrefix(text, "{") {
			value = decode(t, []byte(text))
		}
		o, ok := value.(object)
		if !ok {
			return nil
		}
		value = o[name]
	}
	return value
}

// writePortalCSV writes rows of one table.
func writePortalCSV(t testing.TB, rows []object) []byte {
	switch rows[0]["Type"] {
	case "AuditLogs":
		return writeCSV(t, auditRecords(t, rows))
	case "AADServicePrincipalSignInLogs":
		return writeCSV(t, signInRecords(t, appColumns, rows))
	case "AADManagedIdentitySignInLogs":
		return writeCSV(t, signInRecords(t, appColumns+"|Managed Identity type|Associated Resource Id", rows))
	}
	return writeCSV(t, signInRecords(t, userColumns, rows))
}

func signInRecords(t testing.TB, header string, rows []object) [][]string {
	names := strings.Split(header, "|")
	all := [][]string{names}
	for _, r := range rows {
		var record []string
		for i, name := range names {
			value := ""
			switch name {
			case "Incoming token type":
				if strings.Count(strings.Join(names[:i], "|"), name) == 0 {
					value = cellText(t, r["IncomingTokenType"]) // the second is empty
				}
			case "Location":
				city, state, country := at(t, r, "LocationDetails.city"), at(t, r, "LocationDetails.state"), at(t, r, "LocationDetails.countryOrRegion")
				if country != nil {
					value = fmt.Sprintf("%v, %v, %v", city, state, country)
				}
			case "Status":
				value = map[bool]string{true: "Success", false: "Failure"}[fmt.Sprint(r["ResultType"]) == "0"]
			case "Conditional Access":
				value = portalWords[fmt.Sprint(r["ConditionalAccessStatus"])]
			case "Authentication requirement":
				value = portalWords[fmt.Sprint(r["AuthenticationRequirement"])]
			default:
				value = cellText(t, at(t, r, portalColumns[name]))
			}
			record = append(record, value)
		}
		all = append(all, record)
	}
	return all
}

func auditRecords(t testing.TB, rows []object) [][]string {
	names := strings.Split("Date (UTC)|CorrelationId|Service|Category|Activity|Result|ResultReason|User Agent|ActorType|ActorDisplayName|ActorObjectId|ActorUserPrincipalName|IPAddress|"+
		"ActorHomeTenantId|ActorHomeTenantName|ActorServicePrincipalId|ActorServicePrincipalName", "|")
	for n := 1; n <= targets; n++ {
		for _, part := range []string{"Type", "DisplayName", "ObjectId", "UserPrincipalName"} {
			names = append(names, fmt.Sprintf("Target%d%s", n, part))
		}
		for m := 1; m <= changes; m++ {
			for _, part := range []string{"Name", "OldValue", "NewValue"} {
				names = append(names, fmt.Sprintf("Target%dModifiedProperty%d%s", n, m, part))
			}
		}
	}
	for n := 1; n <= details; n++ {
		names = append(names, fmt.Sprintf("AdditionalDetail%dKey", n), fmt.Sprintf("AdditionalDetail%dValue", n))
	}
	all := [][]string{names}
	for _, r := range rows {
		values := auditValues(t, r)
		var record []string
		for _, name := range names {
			record = append(record, cellText(t, values[name]))
		}
		all = append(all, record)
	}
	return all
}

func auditValues(t testing.TB, r object) object {
	v := object{
		"Date (UTC)": r["ActivityDateTime"], "CorrelationId": r["CorrelationId"], "Service": r["LoggedByService"], "Category": r["Category"], "Activity": r["OperationName"], "Result": r["Result"], "ResultReason": r["ResultReason"],
	}
	if app, ok := at(t, r, "InitiatedBy.app").(object); ok && app != nil {
		v["ActorType"], v["ActorDisplayName"], v["ActorServicePrincipalId"] = "Application", app["displayName"], app["servicePrincipalId"]
	}
	if user, ok := at(t, r, "InitiatedBy.user").(object); ok && user != nil {
		v["ActorType"], v["ActorDisplayName"], v["ActorObjectId"], v["ActorUserPrincipalName"], v["IPAddress"] = "User", user["displayName"], user["id"], user["userPrincipalName"], user["ipAddress"]
	}
	list, _ := r["TargetResources"].([]any)
	for n := range min(len(list), targets) {
		target, prefix := list[n].(object), fmt.Sprintf("Target%d", n+1)
		v[prefix+"Type"], v[prefix+"DisplayName"], v[prefix+"ObjectId"], v[prefix+"UserPrincipalName"] = target["type"], target["displayName"], target["id"], target["userPrincipalName"]
		properties, _ := target["modifiedProperties"].([]any)
		for m := range min(len(properties), changes) {
			property, name := properties[m].(object), fmt.Sprintf("%sModifiedProperty%d", prefix, m+1)
			v[name+"Name"], v[name+"OldValue"], v[name+"NewValue"] = property["displayName"], property["oldValue"], property["newValue"]
		}
	}
	additional, _ := r["AdditionalDetails"].([]any)
	for n := range min(len(additional), details) {
		detail := additional[n].(object)
		v[fmt.Sprintf("AdditionalDetail%dKey", n+1)], v[fmt.Sprintf("AdditionalDetail%dValue", n+1)] = detail["key"], detail["value"]
	}
	return v
}
