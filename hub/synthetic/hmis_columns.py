"""Column names of the FY2024 HMIS CSV files that the county writes, in their order (HUD HMIS CSV Format Specifications FY2024)."""

from __future__ import annotations

__all__ = ["HMIS_COLUMNS"]

_STAMP = " DateCreated DateUpdated UserID DateDeleted ExportID"
_FILES = {
    "Client": "PersonalID FirstName MiddleName LastName NameSuffix NameDataQuality SSN SSNDataQuality DOB "
    "DOBDataQuality AmIndAKNative Asian BlackAfAmerican HispanicLatinaeo MidEastNAfrican "
    "NativeHIPacific White RaceNone AdditionalRaceEthnicity Woman Man NonBinary CulturallySpecific "
    "Transgender Questioning DifferentIdentity GenderNone DifferentIdentityText VeteranStatus "
    "YearEnteredService YearSeparated WorldWarII KoreanWar VietnamWar DesertStorm AfghanistanOEF "
    "IraqOIF IraqOND OtherTheater MilitaryBranch DischargeStatus" + _STAMP,
    "Enrollment": "EnrollmentID PersonalID ProjectID EntryDate HouseholdID RelationshipToHoH EnrollmentCoC "
    "LivingSituation RentalSubsidyType LengthOfStay LOSUnderThreshold PreviousStreetESSH "
    "DateToStreetESSH TimesHomelessPastThreeYears MonthsHomelessPastThreeYears DisablingCondition "
    "DateOfEngagement MoveInDate DateOfPATHStatus ClientEnrolledInPATH ReasonNotEnrolled "
    "PercentAMI ReferralSource CountOutreachReferralApproaches DateOfBCPStatus EligibleForRHY "
    "ReasonNoServices RunawayYouth SexualOrientation SexualOrientationOther FormerWardChildWelfare "
    "ChildWelfareYears ChildWelfareMonths FormerWardJuvenileJustice JuvenileJusticeYears "
    "JuvenileJusticeMonths UnemploymentFam MentalHealthDisorderFam PhysicalDisabilityFam "
    "AlcoholDrugUseDisorderFam InsufficientIncome IncarceratedParent VAMCStation TargetScreenReqd "
    "TimeToHousingLoss AnnualPercentAMI LiteralHomelessHistory ClientLeaseholder HOHLeaseholder "
    "SubsidyAtRisk EvictionHistory CriminalRecord IncarceratedAdult PrisonDischarge SexOffender "
    "DisabledHoH CurrentPregnant SingleParent DependentUnder6 HH5Plus CoCPrioritized "
    "HPScreeningScore ThresholdScore TranslationNeeded PreferredLanguage PreferredLanguageDifferent" + _STAMP,
    "Exit": "ExitID EnrollmentID PersonalID ExitDate Destination DestinationSubsidyType OtherDestination "
    "HousingAssessment SubsidyInformation ProjectCompletionStatus EarlyExitReason ExchangeForSex "
    "ExchangeForSexPastThreeMonths CountOfExchangeForSex AskedOrForcedToExchangeForSex "
    "AskedOrForcedToExchangeForSexPastThreeMonths WorkPlaceViolenceThreats WorkplacePromiseDifference "
    "CoercedToContinueWork LaborExploitPastThreeMonths CounselingReceived IndividualCounseling "
    "FamilyCounseling GroupCounseling SessionCountAtExit PostExitCounselingPlan SessionsInPlan "
    "DestinationSafeClient DestinationSafeWorker PosAdultConnections PosPeerConnections "
    "PosCommunityConnections AftercareDate AftercareProvided EmailSocialMedia Telephone "
    "InPersonIndividual InPersonGroup CMExitReason" + _STAMP,
    "Services": "ServicesID EnrollmentID PersonalID DateProvided RecordType TypeProvided OtherTypeProvided "
    "MovingOnOtherType SubTypeProvided FAAmount FAStartDate FAEndDate ReferralOutcome" + _STAMP,
    "Project": "ProjectID OrganizationID ProjectName ProjectCommonName OperatingStartDate OperatingEndDate "
    "ContinuumProject ProjectType HousingType RRHSubType ResidentialAffiliation TargetPopulation "
    "HOPWAMedAssistedLivingFac PITCount" + _STAMP,
    "Organization": "OrganizationID OrganizationName VictimServiceProvider OrganizationCommonName" + _STAMP,
    "CurrentLivingSituation": "CurrentLivingSitID EnrollmentID PersonalID InformationDate CurrentLivingSituation "
    "CLSSubsidyType VerifiedBy LeaveSituation14Days SubsequentResidence "
    "ResourcesToObtain LeaseOwn60Day MovedTwoOrMore LocationDetails" + _STAMP,
    "HealthAndDV": "HealthAndDVID EnrollmentID PersonalID InformationDate DomesticViolenceSurvivor WhenOccurred "
    "CurrentlyFleeing GeneralHealthStatus DentalHealthStatus MentalHealthStatus PregnancyStatus "
    "DueDate DataCollectionStage" + _STAMP,
    "IncomeBenefits": "IncomeBenefitsID EnrollmentID PersonalID InformationDate IncomeFromAnySource "
    "TotalMonthlyIncome Earned EarnedAmount Unemployment UnemploymentAmount SSI SSIAmount SSDI "
    "SSDIAmount VADisabilityService VADisabilityServiceAmount VADisabilityNonService "
    "VADisabilityNonServiceAmount PrivateDisability PrivateDisabilityAmount WorkersComp "
    "WorkersCompAmount TANF TANFAmount GA GAAmount SocSecRetirement SocSecRetirementAmount "
    "Pension PensionAmount ChildSupport ChildSupportAmount Alimony AlimonyAmount "
    "OtherIncomeSource OtherIncomeAmount OtherIncomeSourceIdentify BenefitsFromAnySource SNAP "
    "WIC TANFChildCare TANFTransportation OtherTANF OtherBenefitsSource "
    "OtherBenefitsSourceIdentify InsuranceFromAnySource Medicaid NoMedicaidReason Medicare "
    "NoMedicareReason SCHIP NoSCHIPReason VHAServices NoVHAReason EmployerProvided "
    "NoEmployerProvidedReason COBRA NoCOBRAReason PrivatePay NoPrivatePayReason StateHealthIns "
    "NoStateHealthInsReason IndianHealthServices NoIndianHealthServicesReason OtherInsurance "
    "OtherInsuranceIdentify ADAP NoADAPReason RyanWhiteMedDent NoRyanWhiteReason "
    "ConnectionWithSOAR DataCollectionStage" + _STAMP,
    "HMISParticipation": "HMISParticipationID ProjectID HMISParticipationType HMISParticipationStatusStartDate "
    "HMISParticipationStatusEndDate" + _STAMP,
    "Inventory": "InventoryID ProjectID CoCCode HouseholdType Availability UnitInventory BedInventory "
    "CHVetBedInventory YouthVetBedInventory VetBedInventory CHYouthBedInventory YouthBedInventory "
    "CHBedInventory OtherBedInventory ESBedType InventoryStartDate InventoryEndDate" + _STAMP,
    "Export": "ExportID SourceType SourceID SourceName SourceContactFirst SourceContactLast SourceContactPhone "
    "SourceContactExtension SourceContactEmail ExportDate ExportStartDate ExportEndDate SoftwareName "
    "SoftwareVersion CSVVersion ExportPeriodType ExportDirective HashStatus ImplementationID",
}

# Export comes last: a reader may take its arrival as the sign that the folder is complete.
HMIS_COLUMNS: dict[str, tuple[str, ...]] = {name: tuple(columns.split()) for name, columns in _FILES.items()}
